/** What OVN's expression lexer takes as a symbol, and so as the name of a port group or an address set (ovn-sb(5)). */
const SYMBOL = /^[a-zA-Z_.][a-zA-Z_.0-9]*$/;
const UID = /^[A-Za-z0-9-]{1,64}$/;
const SUFFIX = /^[a-zA-Z0-9_]{1,64}$/;

declare const brand: unique symbol;

/** A name proven to be a symbol, safe to stand unquoted in a match. */
export type OvnSymbol = string & { readonly [brand]: 'OvnSymbol' };

/**
 * The name of a row in the Northbound database made from an object's `metadata.uid`: `on_<uid with _>[_suffix]`.
 *
 * Two objects never share a name, whatever users call them, because UIDs differ and the mapping loses nothing.
 * The readable name belongs in `external_ids`.
 *
 * @throws RangeError when the UID or the suffix holds a character that could not stand in a symbol.
 */
export function symbol(uid: string, suffix?: string): OvnSymbol {
  if (!UID.test(uid)) throw new RangeError(`not a metadata.uid: ${JSON.stringify(uid)}`);
  if (suffix !== undefined && !SUFFIX.test(suffix)) {
    throw new RangeError(`not a suffix for a name: ${JSON.stringify(suffix)}`);
  }
  const base = `on_${uid.replaceAll('-', '_')}`;
  return (suffix === undefined ? base : `${base}_${suffix}`) as OvnSymbol;
}

/**
 * Takes a name that is already known to be a symbol, e.g. the name column of a row.
 *
 * @throws RangeError when OVN could not read it as a symbol.
 */
export function asSymbol(name: string): OvnSymbol {
  if (!SYMBOL.test(name))
    throw new RangeError(`not a symbol in OVN's match language: ${JSON.stringify(name)}`);
  return name as OvnSymbol;
}
