import { Status } from "#api/meta-v1/status";
import { json, list, type Of, ref, string, struct, value } from "#machinery/schema";

export const ConversionRequest = struct("apiextensions.v1.ConversionRequest", {
  uid: string(1).required().doc("The object's uid."),
  desiredAPIVersion: string(2).required(),
  objects: list(3, json).required().atomic(),
});
export interface ConversionRequest extends Of<typeof ConversionRequest> {}

export const ConversionResponse = struct("apiextensions.v1.ConversionResponse", {
  uid: string(1).required().doc("The object's uid."),
  convertedObjects: list(2, json).required().atomic(),
  result: value(3, Status).required(),
});
export interface ConversionResponse extends Of<typeof ConversionResponse> {}

export const ConversionReview = struct("apiextensions.v1.ConversionReview", {
  kind: string(0),
  apiVersion: string(0),
  request: ref(1, ConversionRequest),
  response: ref(2, ConversionResponse),
});
export interface ConversionReview extends Of<typeof ConversionReview> {}
