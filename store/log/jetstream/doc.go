// Package jetstream is a log in a stream of NATS JetStream, which a majority of its
// servers keeps, and the lease of who appends to it. It is built with the tag cluster.
//
// A record is one message, or several parts where it is larger than one may be. Each
// carries the place of its record; a record is there with its last part. The fence is
// the sequence that the stream must have reached before a message: whoever appends
// meanwhile voids the parts of a record that is not whole.
package jetstream
