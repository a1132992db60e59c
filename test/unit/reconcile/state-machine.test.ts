import { describe, expect, it } from '@jest/globals';
import { ApiError, ConnectionError, type WatchEvent } from '../../../src/reconcile/index.ts';
import {
  MAX_STALE_LISTS,
  transition,
  type Event,
  type State,
} from '../../../src/reconcile/watch/state-machine.ts';
import { refusal } from '../../support/reconcile/fake-cluster.ts';
import { widget, type Widget } from '../../support/reconcile/widget.ts';

/** Runs the state machine. The methods send an event and return the actions as text. */
class Machine {
  state: State = { name: 'Empty' };

  send(event: Event<Widget>): string[] {
    const { state, actions } = transition(this.state, event);
    this.state = state;
    return actions.map((action) => {
      switch (action.type) {
        case 'list':
          return `list ${action.continueToken ?? 'from the start'}`;
        case 'watch':
          return `watch ${action.resourceVersion}`;
        case 'wait':
          return `wait ${action.backoffAttempt}${action.isUnreachable ? ' unreachable' : ''}${action.atLeastMs > 0 ? ` ≥${action.atLeastMs}` : ''}`;
        case 'upsert':
          return `${action.force ? 'force' : 'upsert'} ${action.object.metadata.name}`;
        case 'delete':
          return `delete ${action.object.metadata.name}`;
        case 'retain':
          return `retain ${[...action.keys].join(' ')}`;
        case 'listed':
          return `listed ${action.resourceVersion}`;
        case 'report':
          return action.what;
        case 'probe':
          return 'probe';
        case 'closeWatch':
          return 'close';
      }
    });
  }

  page(names: string, resourceVersion: string, continueToken?: string): string[] {
    const items = names === '' ? [] : names.split(' ').map((name) => widget(name));
    return this.send({ type: 'page', page: { items, resourceVersion, continueToken } });
  }

  event(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', name: string, version: string): string[] {
    return this.send({ type: 'watchEvent', event: { type, object: widget(name, { version }) } });
  }

  error(code: number): string[] {
    const event: WatchEvent<Widget> = { type: 'ERROR', object: { code, message: 'an error in the stream' } };
    return this.send({ type: 'watchEvent', event });
  }

  start(): string[] {
    return this.send({ type: 'start' });
  }

  watchFails(error: unknown, lastedMs = 0): string[] {
    return this.send({ type: 'watchFailed', error, lastedMs });
  }

  timer(): string[] {
    return this.send({ type: 'timer' });
  }
}

/** Returns a machine that has listed a and b at version 100 and is watching. */
function watching(): Machine {
  const machine = new Machine();
  machine.start();
  machine.page('a b', '100');
  return machine;
}

const expired = refusal(410, 'Expired');
const serverError = refusal(500, 'InternalError');
const refused = new ConnectionError('ECONNREFUSED', 'connection refused', { sent: false });

describe('watch state machine', () => {
  it('lists page by page, and removes missing objects only after the last page', () => {
    const machine = new Machine();
    expect(machine.start()).toEqual(['list from the start']);
    expect(machine.page('a b', '100', 'next')).toEqual(['upsert a', 'upsert b', 'list next']);
    expect(machine.page('c', '100')).toEqual([
      'upsert c',
      'retain default/a default/b default/c',
      'listed 100',
      'watch 100',
    ]);
    expect(machine.state.name).toBe('Watching');
  });

  it('restarts the list when the continue token expired, and discards the received pages', () => {
    const machine = new Machine();
    machine.start();
    machine.page('a', '100', 'next');
    expect(machine.send({ type: 'listFailed', error: expired })).toEqual(['wait 1']);
    expect(machine.timer()).toEqual(['list from the start']);
    expect(machine.page('b', '110')).toEqual(['upsert b', 'retain default/b', 'listed 110', 'watch 110']);
  });

  it('increases the backoff with each failed list, and respects the Retry-After of the server', () => {
    const machine = new Machine();
    machine.start();
    expect(machine.send({ type: 'listFailed', error: serverError })).toEqual(['wait 1']);
    machine.timer();
    expect(machine.send({ type: 'listFailed', error: refusal(429, 'TooManyRequests', 7) })).toEqual([
      'wait 2 ≥7000',
    ]);
  });

  it('applies events, and resumes the watch after a regular end from the last event', () => {
    const machine = watching();
    expect(machine.event('ADDED', 'c', '101')).toEqual(['upsert c']);
    expect(machine.event('MODIFIED', 'c', '102')).toEqual(['upsert c']);
    expect(machine.event('DELETED', 'c', '103')).toEqual(['delete c']);
    expect(machine.send({ type: 'watchEnded', lastedMs: 300_000 })).toEqual(['watch 103']);
  });

  it('resumes the watch from the last bookmark', () => {
    const machine = watching();
    expect(machine.event('BOOKMARK', '', '500')).toEqual([]);
    expect(machine.send({ type: 'watchEnded', lastedMs: 300_000 })).toEqual(['watch 500']);
  });

  it('resumes the watch after a broken stream, with a delay that grows until an event arrives', () => {
    const machine = watching();
    expect(machine.watchFails(new Error('ECONNRESET'))).toEqual(['wait 1']);
    expect(machine.timer()).toEqual(['watch 100']);
    expect(machine.watchFails(new Error('ECONNREFUSED'))).toEqual(['wait 2']);
    machine.timer();
    machine.event('ADDED', 'c', '101');
    expect(machine.watchFails(new Error('ECONNRESET'))).toEqual(['wait 1']);
    expect(machine.timer()).toEqual(['watch 101']);
  });

  it('restarts the backoff when an unreachable server returns errors, and the other way round', () => {
    const machine = watching();
    for (let i = 1; i < 20; i++) {
      expect(machine.watchFails(refused)).toEqual([`wait ${i} unreachable`]);
      machine.timer();
    }
    expect(machine.watchFails(serverError)).toEqual(['wait 1']);
    machine.timer();
    expect(machine.watchFails(refusal(429, 'TooManyRequests', 1))).toEqual(['wait 2 ≥1000']);
    machine.timer();
    expect(machine.watchFails(refused)).toEqual(['wait 1 unreachable']);
    expect(machine.state).toMatchObject({ name: 'Waiting', failures: 22 });
  });

  it('resets the failures after a watch was open for a while, also without events', () => {
    const machine = watching();
    machine.watchFails(expired);
    machine.page('a', '200');
    for (let i = 0; i < 5; i++) {
      machine.watchFails(serverError);
      machine.timer();
    }
    expect(machine.watchFails(refused, 1_000)).toEqual(['wait 1 unreachable']);
    machine.timer();
    expect(machine.watchFails(expired, 1_000)).toEqual(['relist', 'list from the start']);
  });

  it('increases the delay when the server repeatedly ends the watch immediately', () => {
    const machine = watching();
    expect(machine.send({ type: 'watchEnded', lastedMs: 5 })).toEqual(['wait 1']);
    machine.timer();
    expect(machine.send({ type: 'watchEnded', lastedMs: 5 })).toEqual(['wait 2']);
  });

  it.each([
    ['in the response', (machine: Machine) => machine.watchFails(expired), []],
    ['in the stream', (machine: Machine) => machine.error(410), ['close']],
  ])('lists again when the server reports an expired version %s', (_where, receive, closing) => {
    const machine = watching();
    expect(receive(machine)).toEqual([...closing, 'relist', 'list from the start']);
    expect(machine.page('b c', '200')).toEqual([
      'upsert b',
      'upsert c',
      'retain default/b default/c',
      'listed 200',
      'watch 200',
    ]);
  });

  it('waits before each list when every watch after a list reports an expired version', () => {
    const machine = watching();
    expect(machine.watchFails(expired)).toContain('list from the start');
    machine.page('a', '200');
    expect(machine.watchFails(expired)).toEqual(['relist', 'wait 1']);
    machine.timer();
    machine.page('a', '201');
    expect(machine.watchFails(expired)).toEqual(['relist', 'wait 2']);
  });

  it('closes the stream and resumes the watch after another error in the stream', () => {
    const machine = watching();
    expect(machine.error(500)).toEqual(['close', 'wait 1']);
    expect(machine.timer()).toEqual(['watch 100']);
  });

  it('lists again when the server has not reached the version yet', () => {
    const machine = watching();
    const causes = [{ reason: 'ResourceVersionTooLarge' }];
    const tooLarge = new ApiError(504, { reason: 'Timeout', details: { causes } });
    expect(machine.watchFails(tooLarge)).toEqual(['relist', 'list from the start']);
  });

  it('probes the server after a silent watch, and resumes when the server is not behind', () => {
    const machine = watching();
    expect(machine.send({ type: 'watchSilent' })).toEqual(['probe']);
    expect(machine.send({ type: 'probed', resourceVersion: '900' })).toEqual(['watch 100']);
  });

  it('lists again after a silent watch when the server is behind', () => {
    const machine = watching();
    machine.send({ type: 'watchSilent' });
    expect(machine.send({ type: 'probed', resourceVersion: '40' })).toEqual([
      'relist',
      'list from the start',
    ]);
  });

  it('waits when the probe fails', () => {
    const machine = watching();
    machine.send({ type: 'watchSilent' });
    expect(machine.send({ type: 'probeFailed', error: serverError })).toEqual(['wait 1']);
    expect(machine.timer()).toEqual(['watch 100']);
  });

  it('lists again when a bookmark is older than the last known version', () => {
    expect(watching().event('BOOKMARK', '', '99')).toEqual(['close', 'relist', 'list from the start']);
  });

  it('ignores a replayed event of a deleted object', () => {
    const machine = watching();
    machine.event('DELETED', 'a', '101');
    expect(machine.event('ADDED', 'a', '90')).toEqual([]);
    expect(machine.send({ type: 'watchEnded', lastedMs: 5_000 })).toEqual(['watch 101']);
  });

  it('rejects a list that is older than the last known version', () => {
    const machine = watching();
    machine.event('ADDED', 'c', '150');
    machine.watchFails(expired);
    expect(machine.page('a b', '120')).toEqual(['staleList', 'wait 1']);
    expect(machine.timer()).toEqual(['list from the start']);
    expect(machine.page('a b c', '160')).toContain('retain default/a default/b default/c');
  });

  it('accepts an older list after MAX_STALE_LISTS attempts, because the database was restored', () => {
    const machine = watching();
    machine.watchFails(expired);
    for (let i = 0; i < MAX_STALE_LISTS; i++) {
      expect(machine.page('a', '50')[0]).toBe('staleList');
      machine.timer();
    }
    expect(machine.page('a', '50', 'next')).toEqual(['force a', 'list next']);
    expect(machine.page('b', '50')).toEqual([
      'staleListAccepted',
      'force b',
      'retain default/a default/b',
      'listed 50',
      'watch 50',
    ]);
  });

  it.each([
    ['Empty', () => new Machine()],
    ['Watching', watching],
    ['Waiting', () => (watching().watchFails(serverError), watching())],
  ])('stops in the state %s, and ignores late responses', (_name, make) => {
    const machine = make();
    expect(machine.send({ type: 'stop' })).toEqual(['close']);
    expect(machine.page('a', '1')).toEqual([]);
    expect(machine.timer()).toEqual([]);
    expect(machine.event('ADDED', 'a', '1000')).toEqual([]);
    expect(machine.start()).toEqual([]);
  });

  it('ignores a page that it did not request', () => {
    const machine = watching();
    expect(machine.page('z', '300')).toEqual([]);
    expect(machine.state.name).toBe('Watching');
  });
});
