//go:build !nhs

package main

import (
	"errors"

	"github.com/pestle-fhir/pestle/internal/outbound"
)

type nhsClient = *struct{} //nolint:unused // see there

// connect refuses what this binary cannot do.
func (*nhsOptions) connect(outbound.Options) error {
	return errors.New("--nhs-status-url, --nhs-demographics-url: this binary does not call the NHS: those of releases do, and the one that make build-s3 builds")
}

func (*app) openNHS(nhsOptions) nhsService { return nil }
