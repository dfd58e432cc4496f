// Package served serves the definitions that are built in or configured as
// searchable resources beside the stored ones: read, vread, history, search with
// an order, totals and pages. Definitions that are stored take part in validation
// and terminology as soon as their commit is answered. Neither the urls nor the ids
// of built-in ones can be taken by stored ones ([profiles.Library.Guard]).
//
// A built-in definition has one version, since the start of the server; it is in
// its own history, and in those of its type and of the system it is not: they are
// the log of what was written.
package served
