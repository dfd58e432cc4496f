// Package subscriptions asks a running server, over HTTP alone, for what the
// Subscriptions R5 Backport and Standard Webhooks promise who subscribes. It reads what
// arrives by the tables of the specifications, and knows nothing of this server but its
// topics.
package subscriptions
