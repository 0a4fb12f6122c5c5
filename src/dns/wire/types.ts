/** Numbers of the DNS protocol. */

export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const;

export const CLASS = { IN: 1, ANY: 255 } as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Needs an OPT record to be said. */
  BADVERS: 16,
} as const;

/** Bits of the second 16 of a header. */
export const FLAG = {
  RESPONSE: 0x8000,
  AUTHORITATIVE: 0x0400,
  TRUNCATED: 0x0200,
  RECURSION_DESIRED: 0x0100,
  RECURSION_AVAILABLE: 0x0080,
  CHECKING_DISABLED: 0x0010,
} as const;

export const HEADER_BYTES = 12;
/** What a client without EDNS takes in one packet. */
export const PLAIN_BYTES_MAX = 512;
/** What we send and take in one packet: fits every network without fragments. */
export const EDNS_BYTES_MAX = 1_232;
export const OPT_BYTES = 11;
