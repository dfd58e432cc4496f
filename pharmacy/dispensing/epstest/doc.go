// Package epstest writes EPS messages for tests: [Acute] is a prescription that
// every rule takes, and the other functions change it, send it in Parameters, or
// tell by which rules it was refused. No product code imports it.
package epstest
