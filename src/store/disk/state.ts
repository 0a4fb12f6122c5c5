import { crc32 } from "node:zlib";
import { Damaged, WrongFormat } from "../store.ts";

/** Raised whenever a program of before could not read what this one writes. */
export const FORMAT = 1;

/** What is true of the store as a whole; written in the same transaction as what made it true. */
export interface StoreState {
  readonly format: number;
  /** Says which store this is, whatever it is called and wherever it lies. */
  readonly id: string;
  readonly revision: number;
  readonly compactRevision: number;
  readonly nextLease: number;
  /** How many records of versions and leases there are. */
  readonly records: number;
  /** The sum of their checksums, so that a record that went missing or came back is noticed. */
  readonly checksum: number;
}

/** One line: the checksum of the rest in hexadecimal, then JSON. */
export function encodeState(state: StoreState): Buffer {
  const json = JSON.stringify(state);
  return Buffer.from(`${hex(crc32(json))} ${json}`);
}

export function decodeState(bytes: Buffer): StoreState {
  const text = bytes.toString();
  const json = text.slice(9);
  if (text.slice(0, 9) !== `${hex(crc32(json))} `)
    throw new Damaged("the state of the store has a wrong checksum");
  const state = JSON.parse(json) as StoreState;
  if (state.format === FORMAT) return state;
  throw new WrongFormat(`the store has format ${state.format}, this program reads and writes ${FORMAT}`);
}

/** Checksums of records are added and taken away in any order. */
export const CHECKSUM_MODULUS = 2 ** 48;

const hex = (checksum: number): string => checksum.toString(16).padStart(8, "0");
