// Package archive is the file that a backup is written to: records of keys and
// values, and files beside them, each verified before it is used. It knows
// nothing of what they mean.
//
// An archive is a tar file, compressed with Zstandard (RFC 8878) and, where
// recipients are named, encrypted with age (https://age-encryption.org/v1):
//
//	header.json        what the archive is of
//	records/00000001   records: the SHA-256 of the rest, then for each record the
//	                   lengths of key and value as uvarints, key and value
//	files/NAME         a file: the SHA-256 of the rest, then its bytes
//	seal.json          how many of each there are, and the SHA-256 of all before
//
// An archive without its seal was cut short. Nothing but its standard tools is
// needed to look into one: age -d | zstd -d | tar -t.
package archive
