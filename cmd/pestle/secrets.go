package main

import (
	"errors"
	"fmt"
)

// secretFiles are files with secrets, in the place of the flags and variables that hold
// them: other processes can read those.
type secretFiles struct {
	SecretFile               string   `env:"PESTLE_SECRET_FILE" name:"secret-file" placeholder:"FILE" help:"File with the secret, in the place of --secret."`
	StripeKeyFile            string   `env:"PESTLE_STRIPE_KEY_FILE" name:"stripe-key-file" placeholder:"FILE" help:"File with the key, in the place of --stripe-key."`
	NoticesPasswordFile      string   `env:"PESTLE_NOTICES_SMTP_PASSWORD_FILE" name:"notices-smtp-password-file" placeholder:"FILE" help:"File with the password, in the place of --notices-smtp-password."`
	NoticesTokenFile         string   `env:"PESTLE_NOTICES_TOKEN_FILE" name:"notices-token-file" placeholder:"FILE" help:"File with the token, in the place of --notices-token."`
	NHSAPIKeyFile            string   `env:"PESTLE_NHS_API_KEY_FILE" name:"nhs-api-key-file" placeholder:"FILE" help:"File with the key, in the place of --nhs-api-key."`
	StripeWebhookSecretFiles []string `env:"PESTLE_STRIPE_WEBHOOK_SECRET_FILES" name:"stripe-webhook-secret-file" placeholder:"FILE" help:"File with a secret, in the place of --stripe-webhook-secret."`
}

// read reads the files into the settings in whose place they are.
func (f secretFiles) read(c *serveCommand) error {
	var errs []error
	one := func(into *string, flag, file string) {
		if file == "" {
			return
		}
		if *into != "" {
			errs = append(errs, fmt.Errorf("--%s and --%s-file: set one of the two", flag, flag))
			return
		}
		text, err := readSecret("--"+flag+"-file", file)
		*into, errs = text, append(errs, err)
	}
	one(&c.Secret, "secret", f.SecretFile)
	one(&c.Notices.Password, "notices-smtp-password", f.NoticesPasswordFile)
	one(&c.Notices.Token, "notices-token", f.NoticesTokenFile)
	one(&c.NHS.APIKey, "nhs-api-key", f.NHSAPIKeyFile)
	one(&c.Cards.StripeKey, "stripe-key", f.StripeKeyFile)
	for _, file := range f.StripeWebhookSecretFiles {
		text, err := readSecret("--stripe-webhook-secret-file", file)
		c.Cards.StripeWebhookSecrets, errs = append(c.Cards.StripeWebhookSecrets, text), append(errs, err)
	}
	return errors.Join(errs...)
}
