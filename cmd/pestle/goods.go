package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	goodsfolder "github.com/pestle-fhir/pestle/pharmacy/warehouse/folder"
	goodshttp "github.com/pestle-fhir/pestle/pharmacy/warehouse/http"
)

// prescriptionsOf does with prescriptions what their goods ask for, by the operations
// that people call too: with all their rules, and once for each key.
type prescriptionsOf struct {
	service  *dispensing.Service
	receipts interface {
		ReceiptFor(ctx context.Context, key string) (fhir.Receipt, bool, error)
	}
}

var _ warehouse.Prescriptions = prescriptionsOf{}

// goodsAgent is who does what follows from the events of a warehouse.
const goodsAgent = "Device/warehouse"

func (p prescriptionsOf) Do(ctx context.Context, a warehouse.Act) error {
	name, body := actBody(a)
	if name == "" {
		return fhir.E("warehouse", fhir.Exception, fhir.Issue{Message: "The act " + string(a.Kind) + " is not known."})
	}
	now := time.Now()
	digest := sha256.Sum256(body.JSON())
	call := &fhir.Call{ID: a.Task, Body: body, RequestID: a.Key, Time: now, Requester: fhir.Principal{Agent: goodsAgent, Display: "Warehouse", OnBehalf: a.Org},
		Receipt: fhir.Receipt{Key: a.Key, Body: []byte(hex.EncodeToString(digest[:]))}}
	if _, done, err := p.receipts.ReceiptFor(ctx, a.Key); done || err != nil {
		return err
	}
	for _, op := range p.service.Operations() {
		if op.Type == "Task" && op.Name == name {
			_, err := op.Handle(ctx, call)
			return err
		}
	}
	return fhir.E("warehouse", fhir.Exception, fhir.Issue{Message: "There is no operation Task/$" + name + "."})
}

// actBody is an act as the operation of a Task and its parameters.
func actBody(a warehouse.Act) (name string, body *fhir.Resource) {
	text := func(name, kind, value string) fhir.Value {
		if value == "" {
			return fhir.Value{}
		}
		return fhir.Obj("name", name, kind, value)
	}
	item := text("item", "valueString", a.Item)
	var list []any
	switch a.Kind {
	case warehouse.ActOwe:
		list = append(list, fhir.Obj("name", "item", "part", fhir.List(text("number", "valueString", a.Item), text("expected", "valueDate", a.Expected), text("reason", "valueString", a.Reason))))
	case warehouse.ActBag:
		list = append(list, fhir.Obj("name", "bag", "valueCode", "delivery"))
		for _, p := range a.Packs {
			list = append(list, fhir.Obj("name", "item", "part", fhir.List(text("number", "valueString", a.Item), text("batch", "valueString", p.Batch), text("expiry", "valueDate", p.Expiry),
				fhir.Obj("name", "quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(p.Quantity.String()), "unit", a.Unit)))))
		}
	case warehouse.ActDispatch:
		list = append(list, item, text("courier", "valueString", a.Courier), text("expected", "valueDate", a.Expected))
	case warehouse.ActFail, warehouse.ActPutBack:
		list = append(list, item, text("reason", "valueString", a.Reason))
	case warehouse.ActHandOver:
		signature := fhir.Value{}
		if a.Signed != "" {
			signature = text("signature", "valueString", a.Signed)
		}
		list = append(list, item, fhir.Obj("name", "collector", "valueCode", "patient"), fhir.Obj("name", "method", "valueCode", "delivered"), text("courier", "valueString", a.Courier), signature, text("note", "valueString", a.Note))
		if a.Identity != nil {
			list = append(list, fhir.Obj("name", "identityRequested", "valueBoolean", true), fhir.Obj("name", "identityProvided", "valueBoolean", *a.Identity))
		}
	default:
		return "", nil
	}
	return string(a.Kind), fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()
}

// goodsOptions say who packs and sends.
type goodsOptions struct {
	Stock           bool   `env:"PESTLE_STOCK" help:"Keep a stock ledger: goods that are received, reserved for prescriptions, sent and supplied (docs/warehouse.md)."`
	WarehouseURL    string `env:"PESTLE_WAREHOUSE_URL" name:"warehouse-url" placeholder:"URL" help:"With --stock: where the warehouse takes webhooks of what is to be packed and sent. It tells of that by webhooks to /webhooks/warehouse of --public-url."`
	WarehouseSecret []byte `env:"PESTLE_WAREHOUSE_SECRET" name:"warehouse-secret" placeholder:"FILE" help:"Secrets by which the warehouse knows our webhooks: whsec_ and base64, one a line; two while one replaces the other."`
	WarehouseEvents []byte `env:"PESTLE_WAREHOUSE_EVENT_SECRET" name:"warehouse-event-secret" placeholder:"FILE" help:"Secrets by which the server knows the warehouse's webhooks: the same."`
	WarehouseFolder string `env:"PESTLE_WAREHOUSE_FOLDER" name:"warehouse-folder" placeholder:"DIR" help:"With --stock, in the place of --warehouse-url: a folder in which the warehouse finds what is to be packed and sent, and puts files of what was done."`
	WarehouseFormat string `env:"PESTLE_WAREHOUSE_FORMAT" name:"warehouse-format" enum:"json,csv" default:"json" help:"How the files of --warehouse-folder are written; files in both are read."`
	Accounts        string `env:"PESTLE_STOCK_ACCOUNTS" name:"stock-accounts" placeholder:"DIR" help:"With --stock: a folder to which the accounts of the stock of each day are written when it is over, as CSV."`

	AccountsURL    string `env:"PESTLE_STOCK_ACCOUNTS_URL" name:"stock-accounts-url" placeholder:"URL" help:"With --stock: where webhooks tell of each day's accounts when it is over."`
	AccountsSecret []byte `env:"PESTLE_STOCK_ACCOUNTS_SECRET" name:"stock-accounts-secret" placeholder:"FILE" help:"Secrets that sign them, as --warehouse-secret."`

	keeper *goodshttp.Warehouse   // of AccountsURL
	http   *goodshttp.Warehouse   // of WarehouseURL
	folder *goodsfolder.Warehouse // of WarehouseFolder
}

// complete refuses a warehouse that would be told and not heard, or the reverse.
func (o *goodsOptions) complete(site bool) (err error) {
	named := o.WarehouseURL != "" || o.WarehouseFolder != "" || len(o.WarehouseSecret) > 0 || len(o.WarehouseEvents) > 0
	if o.AccountsURL != "" || len(o.AccountsSecret) > 0 {
		if o.keeper, err = goodshttp.New(goodshttp.Config{URL: o.AccountsURL, Send: o.AccountsSecret, Silent: true, Clock: time.Now}); err != nil {
			return fmt.Errorf("--stock-accounts-url, --stock-accounts-secret: %w", err)
		}
	}
	switch {
	case (o.Accounts != "" || o.keeper != nil) && !o.Stock:
		return errors.New("--stock-accounts and --stock-accounts-url need --stock: it is the ledger whose accounts they are")
	case o.keeper != nil && !site:
		return errors.New("--stock-accounts-url needs --site: whose accounts they are")
	case !named:
		return nil
	case !o.Stock:
		return errors.New("--warehouse-url and --warehouse-folder need --stock: what is sent is what the ledger has")
	case !site:
		return errors.New("--warehouse-url and --warehouse-folder need --site: whose goods they are")
	case o.WarehouseURL != "" && o.WarehouseFolder != "":
		return errors.New("--warehouse-url and --warehouse-folder are two warehouses: expected one")
	case o.WarehouseFolder != "":
		if o.folder, err = goodsfolder.New(goodsfolder.Config{Dir: o.WarehouseFolder, Format: o.WarehouseFormat, Clock: time.Now, Logger: slog.Default()}); err != nil {
			return fmt.Errorf("--warehouse-folder: %w", err)
		}
		return nil
	}
	if o.http, err = goodshttp.New(goodshttp.Config{URL: o.WarehouseURL, Send: o.WarehouseSecret, Receive: o.WarehouseEvents, Clock: time.Now}); err != nil {
		return fmt.Errorf("--warehouse-url, --warehouse-secret, --warehouse-event-secret: %w", err)
	}
	return nil
}

// warehouse is who packs and sends, nil where nobody does.
func (o *goodsOptions) warehouse() warehouse.Warehouse {
	switch {
	case o.http != nil:
		return o.http
	case o.folder != nil:
		return o.folder
	}
	return nil
}

// goods serves what a warehouse tells, beside everything else.
type goods struct {
	app  *app
	http *goodshttp.Warehouse
	log  *slog.Logger
	told atomic.Int64 // when the log was told of a refusal
}

// goodsPath is where the warehouse's webhooks are taken.
const goodsPath = "/webhooks/warehouse"

// agent is who tells the events of a warehouse.
func (a *app) goodsAgent(name string) fhir.Principal {
	return fhir.Principal{Agent: goodsAgent + "-" + name, Display: "Warehouse", OnBehalf: a.site}
}

// within serves the webhook.
func (g *goods) within(next http.Handler) http.Handler {
	if g.http == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != goodsPath {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		status, err := g.event(w, r)
		if err == nil {
			w.WriteHeader(status)
			return
		}
		g.refused(status, err)
		w.Header().Set("Content-Type", "application/fhir+json")
		w.WriteHeader(status)
		_, _ = w.Write(fhir.Outcome(issuesOf(err)).JSON())
	})
}

// issuesOf is what an error tells its sender: of one that is not theirs, nothing else.
func issuesOf(err error) []fhir.Issue {
	var known *fhir.Error
	if errors.As(err, &known) && len(known.Issues) > 0 {
		return known.Issues
	}
	return []fhir.Issue{{Severity: fhir.Err, Code: fhir.Exception, Message: "The event could not be taken.", Fix: "Send the same again."}}
}

// event takes an event, and says how it is answered.
func (g *goods) event(w http.ResponseWriter, r *http.Request) (status int, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, warehouse.EventBytes))
	if err != nil {
		return http.StatusRequestEntityTooLarge, fhir.E("warehouse-event", fhir.TooLong, fhir.Issue{Rule: "GOODS-1", Message: "The event is too long, or was not sent whole.", Expected: fmt.Sprintf("%d bytes at most", warehouse.EventBytes)})
	}
	now := time.Now()
	e, err := g.http.Event(r.Header, body, now)
	switch kind := fhir.KindOf(err); {
	case err != nil && kind == fhir.Login:
		return http.StatusUnauthorized, err // and has no record: anybody may send it
	case err != nil:
		return http.StatusBadRequest, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), eventPeriod)
	defer cancel()
	taken, err := g.app.warehouse.Take(ctx, g.app.goodsAgent("http"), e, now)
	status = http.StatusNoContent
	if taken == warehouse.Early {
		status = http.StatusAccepted
	}
	switch fhir.KindOf(err) {
	case fhir.BusinessRule:
		status = http.StatusUnprocessableEntity
	case fhir.NotFound:
		status = http.StatusNotFound
	case fhir.Conflict:
		status = http.StatusConflict
	case fhir.Structure:
		status = http.StatusBadRequest
	default:
		if err != nil {
			status = http.StatusServiceUnavailable
		}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	recorded := g.app.audit.Record(ctx, &fhir.Access{Time: now, Interaction: "$warehouse-event", Status: status, RequestID: uuid.NewString(), By: g.app.goodsAgent("http"), Method: r.Method, Target: goodsPath, Address: host})
	if err == nil && recorded != nil {
		return http.StatusServiceUnavailable, recorded
	}
	return status, err
}

// refused tells the log of events that were not taken, once a minute at most: anybody
// may send what is not signed.
func (g *goods) refused(status int, err error) {
	now, last := time.Now().Unix(), g.told.Load()
	if now-last >= 60 && g.told.CompareAndSwap(last, now) {
		g.log.Warn("an event of the warehouse was not taken", "status", status, "error", describe(err))
	}
}

// runGoods tells the warehouse of orders, takes the files that it tells by, and writes
// the accounts of the stock.
func (a *app) runGoods(ctx context.Context, o *goodsOptions) <-chan struct{} {
	var group sync.WaitGroup
	group.Go(func() { a.warehouse.Run(ctx) })
	if o.Accounts != "" || o.keeper != nil {
		group.Go(func() { a.keepAccounts(ctx, o) })
	}
	if folder := o.folder; folder != nil {
		group.Go(func() {
			folder.Run(ctx, time.Second, func(ctx context.Context, e warehouse.Event) (warehouse.Taken, error) {
				return a.warehouse.Take(ctx, a.goodsAgent("folder"), e, time.Now())
			})
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	return done
}
