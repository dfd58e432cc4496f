package subscription

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// SocketPath is where the websocket of subscriptions is.
const SocketPath = "/subscriptions/websocket"

// Socket is the address of the websocket; "" where there is none.
func (s *Service) Socket() string { return s.config.Sockets }

// Bounds of websockets.
const (
	tokenLife   = 5 * time.Minute // in which a token binds
	mostTokens  = 10000
	mostSockets = 2000
	mostBound   = 200 // subscriptions of a socket
	socketQueue = 256 // notifications that wait for a reader
	socketPing  = 30 * time.Second
	socketTime  = 10 * time.Second // for a write
	mostCommand = 4 << 10          // bytes of what a client sends
)

// hub is the websockets and what they are bound to.
type hub struct {
	service *Service
	mu      sync.Mutex
	open    int
	bound   map[string][]*connection // by subscription
	tokens  map[string]binding
}

// binding is what a token stands for.
type binding struct {
	ids     []string
	expires time.Time
}

// connection is one websocket.
type connection struct {
	out   chan []byte
	close func(why string)
	still func() bool // reports whether the access token that was shown is in force
	bound []string
}

// token makes a token that binds a socket to subscriptions.
func (h *hub) token(ids []string, now time.Time) (string, time.Time, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	text, expires := base64.RawURLEncoding.EncodeToString(secret), now.Add(tokenLife)
	h.mu.Lock()
	defer h.mu.Unlock()
	for t, b := range h.tokens {
		if now.After(b.expires) {
			delete(h.tokens, t)
		}
	}
	if len(h.tokens) >= mostTokens {
		return "", expires, fhir.E("subscription", fhir.Throttled, fhir.Issue{Message: "There are as many tokens as may be at a time.", Fix: "Use those that you have, or wait a minute."})
	}
	if h.tokens == nil {
		h.tokens = map[string]binding{}
	}
	h.tokens[text] = binding{ids, expires}
	return text, expires, nil
}

// ServeHTTP is the websocket: of plain R4 ("bind <id>" by who came with an access token),
// and of the backport ("bind-with-token <token>").
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var who *auth.Identity
	still := func() bool { return true }
	if r.Header.Get("Authorization") != "" && s.config.Callers != nil {
		known, err := s.config.Callers.Authenticate(r)
		if err != nil {
			http.Error(w, "The access token is not valid.", http.StatusUnauthorized)
			return
		}
		who = &known
		still = func() bool {
			now, err := s.config.Callers.Authenticate(r)
			return err == nil && ownerKey(&now.Requester) == ownerKey(&who.Requester)
		}
	}
	h := &s.sockets
	h.mu.Lock()
	full := h.open >= mostSockets
	if !full {
		h.open++
	}
	h.mu.Unlock()
	if full {
		http.Error(w, "There are as many websockets as may be at a time.", http.StatusServiceUnavailable)
		return
	}
	defer func() { h.mu.Lock(); h.open--; h.mu.Unlock() }()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // an error says that there is none
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	// No cookie counts here, so that pages of any origin may connect: a token binds.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{OriginPatterns: []string{"*"}})
	if err != nil {
		return // it has been answered
	}
	c.SetReadLimit(mostCommand)
	h.serve(r.Context(), c, who, still)
}

// serve reads what a client sends, and sends what it is told, until either ends.
func (h *hub) serve(ctx context.Context, c *websocket.Conn, who *auth.Identity, still func() bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.service.running(), cancel)()
	var once sync.Once
	var group sync.WaitGroup
	conn := &connection{out: make(chan []byte, socketQueue), still: still, close: func(why string) {
		once.Do(func() {
			if why == "" {
				cancel()
				return
			}
			group.Go(func() { // to end the context ends the connection, and comes after the close frame
				_ = c.Close(websocket.StatusPolicyViolation, why)
				cancel()
			})
		})
	}}
	group.Go(func() { conn.write(ctx, c) })
	for {
		kind, text, err := c.Read(ctx)
		if err != nil {
			break
		}
		if !conn.still() {
			conn.close(tokenOver)
			break
		}
		if kind != websocket.MessageText || !h.command(ctx, conn, who, string(text)) {
			conn.close("bind <id> or bind-with-token <token> is expected, of a Subscription of yours that is served")
			break
		}
	}
	h.drop(conn)
	conn.close("") // unless it is being closed
	group.Wait()
	_ = c.CloseNow()
}

// running is the context of Run.
func (s *Service) running() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		return context.Background()
	}
	return s.ctx
}

// tokenOver is why a socket ends whose token was revoked, or has expired.
const tokenOver = "the access token is no longer valid: connect with a new one"

// write sends what is queued, and keeps the connection alive. Before each of these the
// token counts that opened it: nothing is sent once it is revoked or has expired, or its
// owner is another one.
func (conn *connection) write(ctx context.Context, c *websocket.Conn) {
	ticker := time.NewTicker(socketPing)
	defer ticker.Stop()
	for {
		var text []byte
		select {
		case text = <-conn.out:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if !conn.still() {
			conn.close(tokenOver)
			return
		}
		limit, cancel := context.WithTimeout(ctx, socketTime)
		var err error
		if text != nil {
			err = c.Write(limit, websocket.MessageText, text)
		} else {
			err = c.Ping(limit)
		}
		cancel()
		if err != nil {
			conn.close("")
			return
		}
	}
}

// command does what a client asks for, and reports whether it may.
func (h *hub) command(ctx context.Context, conn *connection, who *auth.Identity, text string) bool {
	verb, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "bind":
		l := h.service.find(rest)
		if who == nil || l == nil || !l.ownedBy(ownerKey(&who.Requester)) {
			return false
		}
		if is := l.look(); is.plan == nil || is.plan.topic != nil || is.plan.channel != socket || !h.bind(conn, rest) {
			return false
		}
		return conn.tell([]byte("bound " + rest))
	case "bind-with-token", "bind-with-token:":
		h.mu.Lock()
		b, ok := h.tokens[rest]
		h.mu.Unlock()
		if !ok || h.service.now().After(b.expires) {
			return false
		}
		for _, id := range b.ids {
			l := h.service.find(id)
			if l == nil {
				continue
			}
			if is := l.look(); is.plan == nil || is.plan.channel != socket || !h.bind(conn, id) || !conn.tell(l.notice(is, "handshake", nil).JSON()) {
				return false
			}
		}
		return true
	}
	return false
}

// bind has a socket told of a subscription.
func (h *hub) bind(conn *connection, id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bound == nil {
		h.bound = map[string][]*connection{}
	}
	if !slices.Contains(h.bound[id], conn) {
		if len(conn.bound) >= mostBound {
			return false
		}
		h.bound[id], conn.bound = append(h.bound[id], conn), append(conn.bound, id)
	}
	return true
}

// drop forgets a socket.
func (h *hub) drop(conn *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range conn.bound {
		if h.bound[id] = slices.DeleteFunc(h.bound[id], func(c *connection) bool { return c == conn }); len(h.bound[id]) == 0 {
			delete(h.bound, id)
		}
	}
	conn.bound = nil
}

// of are the sockets that are told of a subscription.
func (h *hub) of(id string) []*connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bound[id])
}

// tell queues a text. Who does not read what they are told is disconnected, and asks
// with $events for what they have missed.
func (conn *connection) tell(text []byte) bool {
	select {
	case conn.out <- text:
		return true
	default:
		conn.close("what is sent is not read")
		return false
	}
}

// cast tells the sockets of a subscription of its events. Without a socket they are
// counted, and may be asked for.
func (l *line) cast(ctx context.Context, is glance, who *auth.Identity) time.Duration {
	conns := l.service.sockets.of(l.id)
	if len(conns) == 0 {
		l.mu.Lock()
		l.sent.Delivered, l.told = l.count.Events, time.Time{}
		l.mu.Unlock()
		return idleTime
	}
	if is.sent.Delivered < is.count.Events {
		upTo, wait := l.deliver(ctx, is, who, span{is.sent.Delivered + 1, is.count.Events})
		l.mu.Lock()
		l.sent.Delivered = max(l.sent.Delivered, upTo)
		l.mu.Unlock()
		return wait
	}
	return l.beat(ctx, is)
}

// tellAll tells all sockets of a subscription.
func (l *line) tellAll(text []byte) {
	for _, conn := range l.service.sockets.of(l.id) {
		conn.tell(text)
	}
}
