// Package typed is the view of a [fhir.Resource] as a google/fhir R4 message,
// for rules that read better on Go types than on a tree:
//
//	order, err := typed.To[*mrpb.MedicationRequest](resource)
//	resource, err := typed.From(order)
//
// The conversion is lossless: From(To(r)) has the same values as r, digit by
// digit; only the order of properties is that of R4. It walks the tree with the
// message's descriptor and links no message that the caller does not name, so a
// program pays in size and start-up time for the resources it uses and not for
// all 146 (the JSON codec of google/fhir links those of R4 and of STU3).
//
// Messages follow the conventions of google/fhir v0.7.4 where its own codec
// keeps what it reads: codes are enums, references of known types are split
// into type and id, a primitive that has only extensions carries the
// primitiveHasNoValue extension. Where that codec loses, refuses or changes
// data, this one differs:
//
//   - Parameters.parameter.resource, which it cannot read, is an Any like a
//     contained resource (see [Pack]).
//   - A contained resource keeps its JSON inside the Any. It is opened by
//     [Unpack] when somebody asks for it, and need not be linked.
//   - null in arrays of primitives, alone or beside an extension, is kept.
//   - A code with only an extension is kept.
//   - An id or extension beside Reference.reference is kept, on the ReferenceId.
//   - From never changes its argument, so messages may be shared for reading.
//   - Times whose text is not the one that the message would print (".1"
//     seconds, nanoseconds, "+00:00", leap seconds) and base64 with white space
//     keep that text in an internal extension; it counts as long as the value
//     beside it is unchanged.
//   - Property names and codes are case-sensitive.
//
// It is a view and no gate: it reports what a message cannot hold, and leaves
// cardinalities, invariants and bindings to package profiles.
package typed
