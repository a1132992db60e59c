import type { Operation, Uuid } from '../ovsdb/index.ts';

/**
 * The options of OVN that the objects need, for the whole database (ovn-nb(5), table NB_Global).
 *
 * Without `use_ct_inv_match`, the switches of OVN drop every packet that connection tracking calls invalid, as soon as
 * one Port of the switch has a stateful filter: also packets of Ports without any filter, whose answers may take
 * another path than the requests. The filters drop invalid packets of filtered Ports themselves.
 */
export const globalOptions: ReadonlyMap<string, string> = new Map([['use_ct_inv_match', 'false']]);

/** Returns the operation that sets the options in a row of `NB_Global`. An option that is already set keeps its value. */
export const addGlobalOptions = (uuid: Uuid): Operation => ({
  op: 'mutate',
  table: 'NB_Global',
  where: [['_uuid', '==', ['uuid', uuid]]],
  mutations: [['options', 'insert', ['map', [...globalOptions]]]],
});
