// Command clinic sends a prescription as the software of a clinic does, and is told by a
// webhook that it has arrived. ../README.md says how to try it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	if len(os.Args) != 2 {
		return errors.New("usage: clinic ORDER.json")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	ordered, err := readOrder(text)
	if err != nil {
		return err
	}
	key, err := readKey(os.Getenv("PESTLE_KEY"))
	if err != nil {
		return err
	}
	c := &client{base: strings.TrimSuffix(os.Getenv("PESTLE_URL"), "/"), id: os.Getenv("PESTLE_CLIENT"), key: key}
	lifetime, err := c.renew(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("token     expires in %.0f s\n", lifetime.Seconds())

	hook := &hook{events: make(chan event, 16)}
	if err := hook.listen(ctx, os.Getenv("HOOK_LISTEN")); err != nil {
		return err
	}
	subscription, err := subscribe(ctx, c, hook)
	if err != nil {
		return err
	}
	fmt.Printf("webhook   %s is active\n", subscription)

	if err := validate(ctx, c, text); err != nil {
		return err
	}
	fmt.Println("valid     nothing to put right")
	if _, err := c.call(ctx, http.MethodPost, "$process-message", text, ordered.requestID); err != nil {
		return err
	}
	fmt.Println("sent      " + ordered.number)
	return follow(ctx, c, hook, ordered)
}

// order is what the program needs to know of a message.
type order struct {
	requestID string // of the message: the same whenever it is sent
	number    string // of the prescription
}

func readOrder(text []byte) (o order, err error) {
	var message struct {
		Identifier struct{ Value string }
		Entry      []struct {
			Resource struct {
				ResourceType    string
				GroupIdentifier struct{ Value string }
			}
		}
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return o, fmt.Errorf("the order is not JSON: %w", err)
	}
	o.requestID = message.Identifier.Value
	for _, e := range message.Entry {
		if e.Resource.ResourceType == "MedicationRequest" {
			o.number = e.Resource.GroupIdentifier.Value
		}
	}
	if o.requestID == "" || o.number == "" {
		return o, errors.New("the order lacks Bundle.identifier or MedicationRequest.groupIdentifier")
	}
	return o, nil
}

// validate asks what the server would say, and makes an error of what is wrong.
func validate(ctx context.Context, c *client, text []byte) error {
	answer, err := c.call(ctx, http.MethodPost, "$validate", text, "")
	if err != nil {
		return err
	}
	return problems(answer)
}

// patience is how long the program waits to be told before it looks itself: whoever sends
// an order again is not told again.
const patience = 15 * time.Second

// follow waits to be told of the prescription, and reads where it is. Events are told of
// at least once: those of other prescriptions, and repeats, are passed over.
func follow(ctx context.Context, c *client, hook *hook, ordered order) error {
	for {
		select {
		case <-ctx.Done():
			return errors.New("the prescription did not arrive in time")
		case told := <-hook.events:
			var task struct{ GroupIdentifier struct{ Value string } }
			if err := c.read(ctx, told.focus, &task); err != nil {
				return err
			}
			if task.GroupIdentifier.Value == ordered.number {
				fmt.Printf("told      event %s: %s\n", told.number, told.focus)
				return progress(ctx, c, told.focus)
			}
		case <-time.After(patience):
			var found struct {
				Entry []struct{ Resource struct{ ID string } }
			}
			if err := c.read(ctx, "Task?code=prescription-order&group-identifier="+url.QueryEscape(ordered.number), &found); err != nil {
				return err
			}
			if len(found.Entry) > 0 {
				return progress(ctx, c, "Task/"+found.Entry[0].Resource.ID)
			}
		}
	}
}

func progress(ctx context.Context, c *client, task string) error {
	var progress parameters
	if err := c.read(ctx, task+"/$progress", &progress); err != nil {
		return err
	}
	fmt.Printf("progress  %s, since %s\n", progress.get("step").ValueCode, progress.get("since").ValueDateTime)
	return nil
}

// listen serves the webhook until the context ends.
func (h *hook) listen(ctx context.Context, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	if h.url = os.Getenv("HOOK_URL"); h.url == "" {
		h.url = "http://" + listener.Addr().String() + "/hook"
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // ends with the context
	return nil
}
