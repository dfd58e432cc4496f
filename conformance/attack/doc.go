// Package attack tests that normal traffic goes on beside clients who ask for too
// much: bombs, slow bodies and slow readers, huge Bundles, costly searches and
// conditions that scan. Normal requests take at most a few times as long, the
// memory stays within --memory and what the program itself needs, nothing is
// answered with a 5xx, and whatever was acknowledged is stored, also after the
// process was killed. `make long attack` runs it for five minutes.
package attack
