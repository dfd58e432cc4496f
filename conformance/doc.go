// Package conformance drives a FHIR server over HTTP and nothing else, so that
// what it checks can be checked of any server.
//
// A script is a txtar file: a comment that says what is shown, and requests
// with the responses they must get.
//
//	-- create.req --
//	POST /Patient
//	Content-Type: application/fhir+json
//
//	{"resourceType": "Patient"}
//	-- create.res --
//	201 Created
//	ETag: W/"1"
//	Location: {base}/Patient/{id:1}/_history/1
//	…
//
// Paths are below the FHIR base; one that begins with ~ is below the host. A
// request named create.req*64 is sent 64 times at once, and its response is a
// count of statuses.
//
// {new:p1} in a request is an id or value of which there is none on the server
// yet, the same one throughout the script; so scripts run on a server that has
// data, also again.
//
// What differs from run to run has names: {base}, {root}, {id:1} for ids that
// the server made, in the order of their appearance, {page:1} for page tokens,
// {time} for instants of the server. Later requests may use ids and pages, and
// {time:create} for meta.lastUpdated of the response to create. {wording} stands
// for what an issue says whose rule is named, since that is held elsewhere.
package conformance
