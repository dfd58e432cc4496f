// Package profiles holds resources to their definitions.
//
// Definitions become rules once: every R4 type is compiled, when it is first
// met, into a shape that knows for each JSON property what may stand there and
// which checks to run on it. A [Validator] then walks the tree of a resource
// one time, from shape to shape, and collects every issue.
//
// The expression of an issue is the FHIRPath of the element it is about, in the
// form that HL7's own validator uses: choices by type
// (Observation.value.ofType(Quantity)), every item of a repeating element by
// its index. What concerns an element that is missing, unknown or there too
// often is said of the element that holds it.
package profiles
