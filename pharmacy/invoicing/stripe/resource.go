package stripe

import (
	"bytes"
	"encoding/json"
)

// What is read of Stripe's resources: https://docs.stripe.com/api

// sterling is how Stripe writes the currency that is taken.
const sterling = "gbp"

// reference is a resource by its id, whether or not it was expanded.
type reference string

// UnmarshalJSON takes an id, or the id of an object.
func (r *reference) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		var object struct {
			ID string `json:"id"`
		}
		err := json.Unmarshal(b, &object)
		*r = reference(object.ID)
		return err
	}
	return json.Unmarshal(b, (*string)(r))
}

type checkoutSession struct {
	ID                string `json:"id"`
	URL               string `json:"url"`
	ClientReferenceID string `json:"client_reference_id"`
}

type paymentIntent struct {
	ID             string            `json:"id"`
	Currency       string            `json:"currency"`
	AmountReceived int64             `json:"amount_received"`
	Metadata       map[string]string `json:"metadata"`
}

type refund struct {
	ID            string    `json:"id"`
	Currency      string    `json:"currency"`
	Amount        int64     `json:"amount"`
	PaymentIntent reference `json:"payment_intent"`
	Status        string    `json:"status"`
	FailureReason string    `json:"failure_reason"`
}

func (r *refund) failed() bool { return r.Status == "failed" || r.Status == "canceled" }

type dispute struct {
	ID            string    `json:"id"`
	Currency      string    `json:"currency"`
	Amount        int64     `json:"amount"`
	PaymentIntent reference `json:"payment_intent"`
}

type payout struct {
	ID          string `json:"id"`
	Currency    string `json:"currency"`
	Amount      int64  `json:"amount"`
	ArrivalDate int64  `json:"arrival_date"`
}

// balanceTransactions is a page of them.
type balanceTransactions struct {
	Data    []balanceTransaction `json:"data"`
	HasMore bool                 `json:"has_more"`
}

// balanceTransaction is a part of a payout. Its source is expanded.
type balanceTransaction struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Amount int64  `json:"amount"`
	Fee    int64  `json:"fee"`
	Source *struct {
		Object        string    `json:"object"`
		ID            string    `json:"id"`
		PaymentIntent reference `json:"payment_intent"`
	} `json:"source"`
}
