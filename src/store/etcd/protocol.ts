/** What the store says to etcd v3: the messages and fields it uses of `etcdserverpb` and `mvccpb`. */
import { bool, int32, int64, list, rawBytes, ref, string, struct, type Of } from "#machinery/schema";
import { method } from "./method.ts";

const Header = struct("etcdserverpb.ResponseHeader", { revision: int64(3).always() });

const Nothing = struct("etcdserverpb.Nothing", { header: ref(1, Header) });

export const KeyValue = struct("mvccpb.KeyValue", {
  key: rawBytes(1).always(),
  createRevision: int64(2).always(),
  modRevision: int64(3).always(),
  value: rawBytes(5).always(),
  lease: int64(6).always(),
});
export interface KeyValue extends Of<typeof KeyValue> {}

export const EVENT_DELETE = 1;

export const Event = struct("mvccpb.Event", {
  /** `EVENT_DELETE`, or 0 for a put. */
  type: int32(1).always(),
  kv: ref(2, KeyValue),
});
export interface Event extends Of<typeof Event> {}

const RangeRequest = struct("etcdserverpb.RangeRequest", {
  key: rawBytes(1),
  rangeEnd: rawBytes(2),
  limit: int64(3),
  revision: int64(4),
  keysOnly: bool(8),
  countOnly: bool(9),
});

const RangeResponse = struct("etcdserverpb.RangeResponse", {
  header: ref(1, Header),
  kvs: list(2, KeyValue).always(),
  count: int64(4).always(),
});

const PutRequest = struct("etcdserverpb.PutRequest", {
  key: rawBytes(1),
  value: rawBytes(2),
  lease: int64(3),
});

const DeleteRangeRequest = struct("etcdserverpb.DeleteRangeRequest", { key: rawBytes(1) });

const RequestOp = struct("etcdserverpb.RequestOp", {
  range: ref(1, RangeRequest),
  put: ref(2, PutRequest),
  deleteRange: ref(3, DeleteRangeRequest),
});

const ResponseOp = struct("etcdserverpb.ResponseOp", { range: ref(1, RangeResponse) });

/** `Compare.target` for the revision a key was last changed in; the result that is asked for is 0, equal. */
export const COMPARE_MOD = 2;

const Compare = struct("etcdserverpb.Compare", {
  target: int32(2),
  key: rawBytes(3),
  modRevision: int64(6),
});

const TxnRequest = struct("etcdserverpb.TxnRequest", {
  compare: list(1, Compare),
  success: list(2, RequestOp),
  failure: list(3, RequestOp),
});

const TxnResponse = struct("etcdserverpb.TxnResponse", {
  header: ref(1, Header),
  succeeded: bool(2).always(),
  responses: list(3, ResponseOp).always(),
});

const CompactionRequest = struct("etcdserverpb.CompactionRequest", {
  revision: int64(1),
  physical: bool(2),
});

const WatchCreateRequest = struct("etcdserverpb.WatchCreateRequest", {
  key: rawBytes(1),
  rangeEnd: rawBytes(2),
  startRevision: int64(3),
});

const WatchProgressRequest = struct("etcdserverpb.WatchProgressRequest", {});

const WatchRequest = struct("etcdserverpb.WatchRequest", {
  create: ref(1, WatchCreateRequest),
  progress: ref(3, WatchProgressRequest),
});

const WatchResponse = struct("etcdserverpb.WatchResponse", {
  header: ref(1, Header),
  created: bool(3).always(),
  canceled: bool(4).always(),
  compactRevision: int64(5).always(),
  cancelReason: string(6).always(),
  events: list(11, Event).always(),
});
export interface WatchResponse extends Of<typeof WatchResponse> {}

const LeaseGrantRequest = struct("etcdserverpb.LeaseGrantRequest", { ttl: int64(1), id: int64(2) });

const LeaseId = struct("etcdserverpb.LeaseId", { id: int64(1) });

const LeaseKeepAliveResponse = struct("etcdserverpb.LeaseKeepAliveResponse", { ttl: int64(3).always() });

/** As etcd keeps it in its database. */
export const StoredLease = struct("leasepb.Lease", { id: int64(1).always(), ttl: int64(2).always() });
export interface StoredLease extends Of<typeof StoredLease> {}

const SnapshotResponse = struct("etcdserverpb.SnapshotResponse", { blob: rawBytes(3).always() });

const StatusResponse = struct("etcdserverpb.StatusResponse", {
  header: ref(1, Header),
  version: string(2).always(),
  dbSize: int64(3).always(),
});

export const range = method("/etcdserverpb.KV/Range", RangeRequest, RangeResponse);
export const txn = method("/etcdserverpb.KV/Txn", TxnRequest, TxnResponse);
export const compact = method("/etcdserverpb.KV/Compact", CompactionRequest, Nothing);
export const watch = method("/etcdserverpb.Watch/Watch", WatchRequest, WatchResponse);
export const leaseGrant = method("/etcdserverpb.Lease/LeaseGrant", LeaseGrantRequest, Nothing);
export const leaseRevoke = method("/etcdserverpb.Lease/LeaseRevoke", LeaseId, Nothing);
export const leaseKeepAlive = method("/etcdserverpb.Lease/LeaseKeepAlive", LeaseId, LeaseKeepAliveResponse);
export const status = method("/etcdserverpb.Maintenance/Status", Nothing, StatusResponse);
export const snapshot = method("/etcdserverpb.Maintenance/Snapshot", Nothing, SnapshotResponse);
