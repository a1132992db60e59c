import { describe, expect, it } from '@jest/globals';
import { ApiError, ConnectionError, type WatchEvent } from '../../../src/reconcile/index.ts';
import { maxStaleLists, step, type Event, type State } from '../../../src/reconcile/watch/machine.ts';
import { refusal } from '../../support/reconcile/fake-cluster.ts';
import { widget, type Widget } from '../../support/reconcile/widget.ts';

/** The machine as a conversation: what came, and what it wants done, in words. */
class Talk {
  state: State = { name: 'Empty' };

  say(event: Event<Widget>): string[] {
    const { state, actions } = step(this.state, event);
    this.state = state;
    return actions.map((action) => {
      switch (action.type) {
        case 'list':
          return `list ${action.continueToken ?? 'from the start'}`;
        case 'watch':
          return `watch ${action.resourceVersion}`;
        case 'wait':
          return `wait ${action.tries}${action.isUnreachable ? ' away' : ''}${action.atLeastMs > 0 ? ` ≥${action.atLeastMs}` : ''}`;
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
    return this.say({ type: 'page', page: { items, resourceVersion, continueToken } });
  }

  hear(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', name: string, version: string): string[] {
    return this.say({ type: 'watchEvent', event: { type, object: widget(name, { version }) } });
  }

  error(code: number): string[] {
    const event: WatchEvent<Widget> = { type: 'ERROR', object: { code, message: 'told in the stream' } };
    return this.say({ type: 'watchEvent', event });
  }

  start(): string[] {
    return this.say({ type: 'start' });
  }

  fails(error: unknown, lastedMs = 0): string[] {
    return this.say({ type: 'watchFailed', error, lastedMs });
  }

  timer(): string[] {
    return this.say({ type: 'timer' });
  }
}

/** A machine that has listed a and b at version 100, and watches. */
function watching(): Talk {
  const talk = new Talk();
  talk.start();
  talk.page('a b', '100');
  return talk;
}

const gone = refusal(410, 'Expired');
const boom = refusal(500, 'InternalError');
const refused = new ConnectionError('ECONNREFUSED', 'nobody there', { sent: false });

describe('the watch machine', () => {
  it('lists page by page, and deletes only after the last one', () => {
    const talk = new Talk();
    expect(talk.start()).toEqual(['list from the start']);
    expect(talk.page('a b', '100', 'next')).toEqual(['upsert a', 'upsert b', 'list next']);
    expect(talk.page('c', '100')).toEqual([
      'upsert c',
      'retain default/a default/b default/c',
      'listed 100',
      'watch 100',
    ]);
    expect(talk.state.name).toBe('Watching');
  });

  it('starts the list again when its continue token has expired, and forgets the pages it had', () => {
    const talk = new Talk();
    talk.start();
    talk.page('a', '100', 'next');
    expect(talk.say({ type: 'listFailed', error: gone })).toEqual(['wait 1']);
    expect(talk.timer()).toEqual(['list from the start']);
    expect(talk.page('b', '110')).toEqual(['upsert b', 'retain default/b', 'listed 110', 'watch 110']);
  });

  it('waits longer with each failed list, and as long as the server asks', () => {
    const talk = new Talk();
    talk.start();
    expect(talk.say({ type: 'listFailed', error: boom })).toEqual(['wait 1']);
    talk.timer();
    expect(talk.say({ type: 'listFailed', error: refusal(429, 'TooManyRequests', 7) })).toEqual([
      'wait 2 ≥7000',
    ]);
  });

  it('passes events on, and resumes after an orderly end from the last one', () => {
    const talk = watching();
    expect(talk.hear('ADDED', 'c', '101')).toEqual(['upsert c']);
    expect(talk.hear('MODIFIED', 'c', '102')).toEqual(['upsert c']);
    expect(talk.hear('DELETED', 'c', '103')).toEqual(['delete c']);
    expect(talk.say({ type: 'watchEnded', lastedMs: 300_000 })).toEqual(['watch 103']);
  });

  it('resumes from a bookmark', () => {
    const talk = watching();
    expect(talk.hear('BOOKMARK', '', '500')).toEqual([]);
    expect(talk.say({ type: 'watchEnded', lastedMs: 300_000 })).toEqual(['watch 500']);
  });

  it('resumes after a broken stream, after a delay that grows until something is heard', () => {
    const talk = watching();
    expect(talk.fails(new Error('ECONNRESET'))).toEqual(['wait 1']);
    expect(talk.timer()).toEqual(['watch 100']);
    expect(talk.fails(new Error('ECONNREFUSED'))).toEqual(['wait 2']);
    talk.timer();
    talk.hear('ADDED', 'c', '101');
    expect(talk.fails(new Error('ECONNRESET'))).toEqual(['wait 1']);
    expect(talk.timer()).toEqual(['watch 101']);
  });

  it('counts anew when the server refuses after it was away, and the other way round', () => {
    const talk = watching();
    for (let i = 1; i < 20; i++) {
      expect(talk.fails(refused)).toEqual([`wait ${i} away`]);
      talk.timer();
    }
    expect(talk.fails(boom)).toEqual(['wait 1']);
    talk.timer();
    expect(talk.fails(refusal(429, 'TooManyRequests', 1))).toEqual(['wait 2 ≥1000']);
    talk.timer();
    expect(talk.fails(refused)).toEqual(['wait 1 away']);
    expect(talk.state).toMatchObject({ name: 'Waiting', failures: 22 });
  });

  it('forgets failures when a watch was open for a while, also where nothing happened', () => {
    const talk = watching();
    talk.fails(gone);
    talk.page('a', '200');
    for (let i = 0; i < 5; i++) {
      talk.fails(boom);
      talk.timer();
    }
    expect(talk.fails(refused, 1_000)).toEqual(['wait 1 away']);
    talk.timer();
    expect(talk.fails(gone, 1_000)).toEqual(['relist', 'list from the start']);
  });

  it('does not hurry when the server ends the watch at once, again and again', () => {
    const talk = watching();
    expect(talk.say({ type: 'watchEnded', lastedMs: 5 })).toEqual(['wait 1']);
    talk.timer();
    expect(talk.say({ type: 'watchEnded', lastedMs: 5 })).toEqual(['wait 2']);
  });

  it.each([
    ['as the answer', (talk: Talk) => talk.fails(gone), []],
    ['in the stream', (talk: Talk) => talk.error(410), ['close']],
  ])('lists anew when its version is too old, told %s', (_how, tell, closing) => {
    const talk = watching();
    expect(tell(talk)).toEqual([...closing, 'relist', 'list from the start']);
    expect(talk.page('b c', '200')).toEqual([
      'upsert b',
      'upsert c',
      'retain default/b default/c',
      'listed 200',
      'watch 200',
    ]);
  });

  it('does not run in circles when every watch after a list is refused as too old', () => {
    const talk = watching();
    expect(talk.fails(gone)).toContain('list from the start');
    talk.page('a', '200');
    expect(talk.fails(gone)).toEqual(['relist', 'wait 1']);
    talk.timer();
    talk.page('a', '201');
    expect(talk.fails(gone)).toEqual(['relist', 'wait 2']);
  });

  it('closes the stream and resumes after any other error in it', () => {
    const talk = watching();
    expect(talk.error(500)).toEqual(['close', 'wait 1']);
    expect(talk.timer()).toEqual(['watch 100']);
  });

  it('lists anew when the server does not know the version yet', () => {
    const talk = watching();
    const causes = [{ reason: 'ResourceVersionTooLarge' }];
    const tooLarge = new ApiError(504, { reason: 'Timeout', details: { causes } });
    expect(talk.fails(tooLarge)).toEqual(['relist', 'list from the start']);
  });

  it('asks where the server is after a silence, and goes on where nothing happened', () => {
    const talk = watching();
    expect(talk.say({ type: 'watchSilent' })).toEqual(['probe']);
    expect(talk.say({ type: 'probed', resourceVersion: '900' })).toEqual(['watch 100']);
  });

  it('lists anew when the silence was that of a server that is behind', () => {
    const talk = watching();
    talk.say({ type: 'watchSilent' });
    expect(talk.say({ type: 'probed', resourceVersion: '40' })).toEqual(['relist', 'list from the start']);
  });

  it('waits when nobody answers after a silence', () => {
    const talk = watching();
    talk.say({ type: 'watchSilent' });
    expect(talk.say({ type: 'probeFailed', error: boom })).toEqual(['wait 1']);
    expect(talk.timer()).toEqual(['watch 100']);
  });

  it('lists anew when a bookmark is older than what was seen: the server is behind', () => {
    expect(watching().hear('BOOKMARK', '', '99')).toEqual(['close', 'relist', 'list from the start']);
  });

  it('does not let a replayed event bring back what is gone', () => {
    const talk = watching();
    talk.hear('DELETED', 'a', '101');
    expect(talk.hear('ADDED', 'a', '90')).toEqual([]);
    expect(talk.say({ type: 'watchEnded', lastedMs: 5_000 })).toEqual(['watch 101']);
  });

  it('does not believe a list that is older than what it saw', () => {
    const talk = watching();
    talk.hear('ADDED', 'c', '150');
    talk.fails(gone);
    expect(talk.page('a b', '120')).toEqual(['staleList', 'wait 1']);
    expect(talk.timer()).toEqual(['list from the start']);
    expect(talk.page('a b c', '160')).toContain('retain default/a default/b default/c');
  });

  it('believes it in the end: the database was restored from a backup', () => {
    const talk = watching();
    talk.fails(gone);
    for (let i = 0; i < maxStaleLists; i++) {
      expect(talk.page('a', '50')[0]).toBe('staleList');
      talk.timer();
    }
    expect(talk.page('a', '50', 'next')).toEqual(['force a', 'list next']);
    expect(talk.page('b', '50')).toEqual([
      'staleListAccepted',
      'force b',
      'retain default/a default/b',
      'listed 50',
      'watch 50',
    ]);
  });

  it.each([
    ['Empty', () => new Talk()],
    ['Watching', watching],
    ['Waiting', () => (watching().fails(boom), watching())],
  ])('stops from %s, and late answers change nothing', (_name, make) => {
    const talk = make();
    expect(talk.say({ type: 'stop' })).toEqual(['close']);
    expect(talk.page('a', '1')).toEqual([]);
    expect(talk.timer()).toEqual([]);
    expect(talk.hear('ADDED', 'a', '1000')).toEqual([]);
    expect(talk.start()).toEqual([]);
  });

  it('ignores a page that comes when none was asked for', () => {
    const talk = watching();
    expect(talk.page('z', '300')).toEqual([]);
    expect(talk.state.name).toBe('Watching');
  });
});
