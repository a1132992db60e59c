/**
 * A symbol of OVN's expression language (ovn-sb(5)), for example the name of a port group or an address set.
 */
const symbolPattern = /^[a-zA-Z_.][a-zA-Z_.0-9]*$/;
const uidPattern = /^[A-Za-z0-9-]{1,64}$/;
const suffixPattern = /^[a-zA-Z0-9_]{1,64}$/;

declare const brand: unique symbol;

/** A name that has been checked: a match may contain this name without quotes. */
export type OvnSymbol = string & { readonly [brand]: 'OvnSymbol' };

/**
 * Makes the name of a Northbound row from an object's `metadata.uid`: `on_<uid with _>[_suffix]`.
 *
 * Two objects never have the same row name, because UIDs are unique and the mapping is injective. The
 * readable name of the object belongs in `external_ids`.
 *
 * @throws RangeError when the UID or the suffix contains a character that a symbol cannot contain
 */
export function symbol(uid: string, suffix?: string): OvnSymbol {
  if (!uidPattern.test(uid)) throw new RangeError(`${JSON.stringify(uid)} is not a valid metadata.uid`);
  if (suffix !== undefined && !suffixPattern.test(suffix)) {
    throw new RangeError(`${JSON.stringify(suffix)} is not a valid name suffix; use letters, digits and '_'`);
  }
  const base = `on_${uid.replaceAll('-', '_')}`;
  return (suffix === undefined ? base : `${base}_${suffix}`) as OvnSymbol;
}

/**
 * Checks that a name is a symbol of OVN's expression language.
 *
 * @throws RangeError when the name is not a symbol
 */
export function asSymbol(name: string): OvnSymbol {
  if (!symbolPattern.test(name))
    throw new RangeError(`${JSON.stringify(name)} is not a valid symbol in an OVN match`);
  return name as OvnSymbol;
}
