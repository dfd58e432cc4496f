package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// nhsOptions say what the NHS is told and asked: nothing unless they are set.
type nhsOptions struct {
	Updates      string `env:"PESTLE_NHS_STATUS_URL" name:"nhs-status-url" placeholder:"URL" help:"Where the Prescription Status Update API takes what becomes of NHS prescriptions (docs/nhs.md). With --nhs-token-url, --nhs-api-key, --nhs-key and --nhs-key-id."`
	Demographics string `env:"PESTLE_NHS_DEMOGRAPHICS_URL" name:"nhs-demographics-url" placeholder:"URL" help:"Base address of the Personal Demographics Service, which is asked for the patient of each NHS prescription. With the same."`
	TokenURL     string `env:"PESTLE_NHS_TOKEN_URL" name:"nhs-token-url" placeholder:"URL" help:"Where the NHS's platform issues tokens: https://api.service.nhs.uk/oauth2/token."`
	APIKey       string `env:"PESTLE_NHS_API_KEY" name:"nhs-api-key" secret:"" placeholder:"KEY" help:"API key of the application that is registered there."`
	Key          []byte `env:"PESTLE_NHS_KEY" name:"nhs-key" placeholder:"FILE" help:"RSA private key of the application, PEM."`
	KeyID        string `env:"PESTLE_NHS_KEY_ID" name:"nhs-key-id" placeholder:"KID" help:"The kid under which its public key is registered."`
	Days         int    `env:"PESTLE_NHS_DEMOGRAPHICS_DAYS" name:"nhs-demographics-days" default:"30" help:"Days for which an answer about a patient is good, while their record stays as it is; 0 asks for each prescription."`
	Private      bool   `env:"PESTLE_NHS_PRIVATE" name:"nhs-private" help:"These may be at addresses of a private network, such as the HSCN."`

	client nhsClient //nolint:unused // by the build with tag nhs; nil where nothing is set
}

// complete refuses what is set by half, and names what is missing.
func (o *nhsOptions) complete(sandbox, site bool) error {
	named := o.Updates != "" || o.Demographics != "" || o.TokenURL != "" || o.APIKey != "" || len(o.Key) > 0 || o.KeyID != ""
	if !named {
		return nil
	}
	var errs []error
	for _, part := range []struct {
		flag string
		set  bool
	}{{"--nhs-status-url or --nhs-demographics-url", o.Updates != "" || o.Demographics != ""}, {"--nhs-token-url", o.TokenURL != ""}, {"--nhs-api-key", o.APIKey != ""}, {"--nhs-key", len(o.Key) > 0}, {"--nhs-key-id", o.KeyID != ""}, {"--site", site || sandbox}} {
		if !part.set {
			errs = append(errs, errors.New(part.flag+" is missing: the NHS is told and asked with all of them"))
		}
	}
	reach := outbound.Options{Private: o.Private, Loopback: sandbox, Body: 1 << 20}
	for flag, address := range map[string]string{"--nhs-status-url": o.Updates, "--nhs-demographics-url": o.Demographics, "--nhs-token-url": o.TokenURL} {
		if address == "" {
			continue
		}
		if u, err := url.Parse(address); sandbox && (err != nil || u.Hostname() != "127.0.0.1") {
			errs = append(errs, fmt.Errorf("%s: a sandbox calls 127.0.0.1 alone", flag))
		} else if err := reach.Check(address); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", flag, err))
		}
	}
	if o.Days < 0 {
		errs = append(errs, errors.New("--nhs-demographics-days: expected 0 or more"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return o.connect(reach)
}

// nhsService is package spine, in the binaries that have it (docs/adr/nhs.md).
type nhsService interface {
	Followers() []pharmacy.Follower
	Operations() []fhir.Operation
	Run(ctx context.Context)
	Failing() time.Duration
}
