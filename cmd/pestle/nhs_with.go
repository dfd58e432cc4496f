//go:build nhs

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/pharmacy/spine"
	"github.com/pestle-fhir/pestle/pharmacy/spine/api"
)

type nhsClient = *api.Client

// connect makes the client of the APIs.
func (o *nhsOptions) connect(reach outbound.Options) (err error) {
	o.client, err = api.New(api.Config{TokenURL: o.TokenURL, APIKey: strings.TrimSpace(o.APIKey), Key: o.Key, KeyID: o.KeyID, Updates: o.Updates, Demographics: o.Demographics, HTTP: outbound.New(reach), Clock: time.Now})
	if err != nil {
		return fmt.Errorf("--nhs-key: %w", err)
	}
	return nil
}

// openNHS makes the service. Where nothing is set, it does nothing.
func (a *app) openNHS(o nhsOptions) nhsService {
	made := spine.Options{Site: a.site, Keep: time.Duration(o.Days) * 24 * time.Hour, Prescriptions: a.dispensing, Clock: time.Now, Logger: a.log}
	if o.client != nil {
		made.NHS = o.client
	}
	return spine.New(a.db, made)
}
