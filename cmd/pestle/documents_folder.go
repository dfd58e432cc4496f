//go:build !s3

package main

import (
	"errors"

	"github.com/pestle-fhir/pestle/store/content"
)

// otherPlace is a place of documents besides the folder of the database.
func otherPlace(_, _ string) (content.Place, error) {
	return nil, errors.New("this binary keeps documents in the folder of the database alone: the one that make build-s3 builds keeps them in S3 too")
}
