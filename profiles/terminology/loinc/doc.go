// Package loinc answers for LOINC from a release as Regenstrief publishes it: a folder
// or zip with Loinc.csv and, for answers, AnswerList.csv.
package loinc
