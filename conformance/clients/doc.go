// Package clients holds scripts of the FHIR clients that the public uses, which
// its test drives against the server.
//
// Each is a script in hapi, node or python that makes calls against the base
// URL it is given and prints a line for each: "ok NAME" or "miss NAME: WHY". The
// clients are installed by their own package managers, at pinned versions, in
// the user's cache folder; a client whose tool is missing is skipped.
package clients
