//go:build s3

package main

import (
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/store/content/s3"
)

// otherPlace is a place of documents besides the folder of the database.
func otherPlace(address, id string) (content.Place, error) { return s3.New(address, id) }
