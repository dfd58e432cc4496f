package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// client calls the server as the clinic.
type client struct {
	base, id string
	key      *signingKey
	token    string
	until    time.Time // a new token is needed from then on
}

// attempts is how often something is sent at most: for about two minutes.
const attempts = 8

var calls = &http.Client{Timeout: 30 * time.Second}

// read reads a resource, or the answer of an operation that changes nothing.
func (c *client) read(ctx context.Context, path string, into any) error {
	answer, err := c.call(ctx, http.MethodGet, path, nil, "")
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// call sends a resource and returns the answer. By requestID, which is the same for each
// attempt, the server knows a repeat, and answers as it did the first time.
func (c *client) call(ctx context.Context, method, path string, body []byte, requestID string) ([]byte, error) {
	if time.Now().After(c.until) {
		if _, err := c.renew(ctx); err != nil {
			return nil, err
		}
	}
	return c.retried(ctx, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, method, c.base+"/"+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Accept", "application/fhir+json")
		if body != nil {
			r.Header.Set("Content-Type", "application/fhir+json")
		}
		if requestID != "" {
			r.Header.Set("X-Request-ID", requestID)
		}
		return r, nil
	})
}

// retried sends a request until there is an answer that another attempt would not change.
func (c *client) retried(ctx context.Context, request func() (*http.Request, error)) ([]byte, error) {
	wait := time.Second / 2
	for attempt := 1; ; attempt++ {
		r, err := request()
		if err != nil {
			return nil, err
		}
		status, header, answer, err := send(r)
		switch {
		case err == nil && status < 300:
			return answer, nil
		case err == nil && status != http.StatusTooManyRequests && status < 500:
			return nil, refused(r, status, answer)
		case attempt == attempts && err == nil:
			return nil, refused(r, status, answer)
		case attempt == attempts:
			return nil, err
		}
		if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
			wait = max(wait, time.Duration(seconds)*time.Second)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		wait *= 2
	}
}

func send(r *http.Request) (status int, header http.Header, answer []byte, err error) {
	response, err := calls.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, 16<<20))
	return response.StatusCode, response.Header, answer, err
}

// refused is the error of an answer: all that its OperationOutcome says.
func refused(r *http.Request, status int, answer []byte) error {
	about := fmt.Errorf("%s %s: %d", r.Method, r.URL.Path, status)
	if err := problems(answer); err != nil {
		return errors.Join(about, err)
	}
	return errors.Join(about, fmt.Errorf("%.500s", answer))
}

// problems are the errors of an OperationOutcome, nil where it has none.
func problems(answer []byte) error {
	var outcome struct {
		Issue []struct {
			Severity, Diagnostics string
			Expression            []string
		}
	}
	if err := json.Unmarshal(answer, &outcome); err != nil {
		return err
	}
	var list []error
	for _, issue := range outcome.Issue {
		if issue.Severity == "error" || issue.Severity == "fatal" {
			list = append(list, errors.New(strings.Join(issue.Expression, ", ")+": "+issue.Diagnostics))
		}
	}
	return errors.Join(list...)
}
