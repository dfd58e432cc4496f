// Package terminology answers questions about codes, in process and offline:
// whether a code is in a value set, what it is called, what stands below it,
// what it maps to. It knows the code systems of R4, those of loaded
// definitions, the grammars behind systems such as BCP 47, and SNOMED CT and
// dm+d once their release files are loaded.
//
// It never guesses. Where an answer needs a code system that is not loaded, the
// answer is Unknown with the reason, which a validator reports as information
// and never as an error.
package terminology
