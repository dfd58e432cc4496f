package webhook

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	reference "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// bytesFrom are the 32 or so bytes first, first+1, …
func bytesFrom(first, n int) Secret {
	s := make(Secret, n)
	for i := range s {
		s[i] = byte(first + i)
	}
	return s
}

const dispatched = `{"type":"order.dispatched","timestamp":"2026-11-02T09:00:00Z","data":{"id":"ord-17"}}`

var nine = time.Unix(1793610000, 0)

// TestSign is signatures that were computed with other programs.
func TestSign(t *testing.T) {
	for _, c := range []struct {
		key  Secret
		body string
		want string
	}{
		{bytesFrom(0, 32), dispatched, "v1,86DCmTkJbPMoYS7j5KH512Tc+fWd5JDPzHuKq+w40co="},
		{bytesFrom(0, 32), "", "v1,ESEwcsNu5VaPVZpgc8lR1gm4fssVgEwC5ThIPpLInoc="},
		{bytesFrom(0, 32), `{"note":"café ≤ 30 mg"}`, "v1,ylOQJngfTg5JMBqu6RN/hlOhA9zJJ/hcurB+hy0oHRg="},
		{bytesFrom(0x64, 24), dispatched, "v1,Uue0ppzF2ArJXM4FmoLLbba7CmXjahbRejufXcrKYzQ="},
	} {
		h := http.Header{}
		require.NoError(t, Sign(h, "evt_pestle_0001", nine, []byte(c.body), c.key))
		require.Equal(t, c.want, h.Get(HeaderSignature))
		require.Equal(t, "1793610000", h.Get(HeaderTimestamp))
		require.Equal(t, "evt_pestle_0001", h.Get(HeaderID))
	}
	h := http.Header{}
	require.NoError(t, Sign(h, "a", nine, nil, bytesFrom(0, 32), bytesFrom(1, 32)))
	require.Len(t, strings.Fields(h.Get(HeaderSignature)), 2)
	for _, id := range []string{"", "a.b", "a b", "a\r\nb"} {
		require.Error(t, Sign(h, id, nine, nil, bytesFrom(0, 32)), id)
	}
	require.Error(t, Sign(h, "a", nine, nil))
	require.Error(t, Sign(h, "a", nine, nil, bytesFrom(0, 23)))
}

// TestReference has the reference library verify what is signed here, and the other way
// round.
func TestReference(t *testing.T) {
	now := time.Now()
	old, fresh := NewSecret(), NewSecret()
	for _, body := range []string{"", dispatched, `{"note":"café ≤ 30 mg"}`, strings.Repeat("x", 20<<10)} {
		h := http.Header{}
		require.NoError(t, Sign(h, "evt_1", now, []byte(body), old, fresh))
		for _, secret := range []Secret{old, fresh} {
			r, err := reference.NewWebhook(secret.String())
			require.NoError(t, err)
			require.NoError(t, r.Verify([]byte(body), h))
			require.Error(t, r.Verify([]byte(body+" "), h))

			theirs, err := r.Sign("evt_2", now, []byte(body))
			require.NoError(t, err)
			id, err := Verify(http.Header{"Webhook-Id": {"evt_2"}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}, "Webhook-Signature": {theirs}}, []byte(body), now, secret)
			require.NoError(t, err)
			require.Equal(t, "evt_2", id)
		}
	}
}

func TestVerify(t *testing.T) {
	key, other := bytesFrom(0, 32), bytesFrom(9, 32)
	signed := func(keys ...Secret) http.Header {
		h := http.Header{}
		require.NoError(t, Sign(h, "evt_pestle_0001", nine, []byte(dispatched), keys...))
		return h
	}
	with := func(name, value string) http.Header { h := signed(key); h.Set(name, value); return h }
	good := signed(key).Get(HeaderSignature)
	twice := signed(key)
	twice.Add(HeaderID, "evt_2")
	for name, c := range map[string]struct {
		h    http.Header
		body string
		at   time.Time
		keys []Secret
		want error
	}{
		"as sent":               {signed(key), dispatched, nine, []Secret{key}, nil},
		"late":                  {signed(key), dispatched, nine.Add(300 * time.Second), []Secret{key}, nil},
		"early":                 {signed(key), dispatched, nine.Add(-300 * time.Second), []Secret{key}, nil},
		"too late":              {signed(key), dispatched, nine.Add(301 * time.Second), []Secret{key}, ErrTimestamp},
		"too early":             {signed(key), dispatched, nine.Add(-301 * time.Second), []Secret{key}, ErrTimestamp},
		"a year old":            {signed(key), dispatched, nine.Add(365 * 24 * time.Hour), []Secret{key}, ErrTimestamp},
		"no time":               {with(HeaderTimestamp, "now"), dispatched, nine, []Secret{key}, ErrTimestamp},
		"far time":              {with(HeaderTimestamp, "9223372036854775807"), dispatched, nine, []Secret{key}, ErrTimestamp},
		"another time":          {with(HeaderTimestamp, "1793610001"), dispatched, nine, []Secret{key}, ErrSignature},
		"another id":            {with(HeaderID, "evt_2"), dispatched, nine, []Secret{key}, ErrSignature},
		"one more space":        {signed(key), dispatched + " ", nine, []Secret{key}, ErrSignature},
		"another key":           {signed(other), dispatched, nine, []Secret{key}, ErrSignature},
		"the second matches":    {signed(other, key), dispatched, nine, []Secret{key}, nil},
		"the second key":        {signed(key), dispatched, nine, []Secret{other, key}, nil},
		"no key":                {signed(key), dispatched, nine, nil, ErrSignature},
		"an empty key":          {signed(key), dispatched, nine, []Secret{{}}, ErrSignature},
		"joined by =":           {with(HeaderSignature, strings.Replace(good, ",", "=", 1)), dispatched, nine, []Secret{key}, ErrSignature},
		"unknown version":       {with(HeaderSignature, "v2"+good[2:]), dispatched, nine, []Secret{key}, ErrSignature},
		"URL-safe":              {with(HeaderSignature, strings.NewReplacer("+", "-", "/", "_").Replace(good)), dispatched, nine, []Secret{key}, ErrSignature},
		"no signature":          {with(HeaderSignature, ""), dispatched, nine, []Secret{key}, ErrHeaders},
		"two ids":               {twice, dispatched, nine, []Secret{key}, ErrHeaders},
		"nothing":               {http.Header{}, dispatched, nine, []Secret{key}, ErrHeaders},
		"after many signatures": {with(HeaderSignature, strings.Repeat("v1,x ", mostSignatures)+good), dispatched, nine, []Secret{key}, ErrSignature},
	} {
		id, err := Verify(c.h, []byte(c.body), c.at, c.keys...)
		require.ErrorIs(t, err, c.want, name)
		if c.want == nil {
			require.Equal(t, "evt_pestle_0001", id, name)
		}
	}
}

func TestSecrets(t *testing.T) {
	for text, fine := range map[string]bool{
		bytesFrom(0, 32).String():                           true,
		base64.StdEncoding.EncodeToString(bytesFrom(0, 24)): true,
		bytesFrom(0, 64).String():                           true,
		bytesFrom(0, 23).String():                           false, bytesFrom(0, 65).String(): false,
		"": false, "whsec_": false, "whsec_AAEC AwQ=": false, "hunter2": false,
		strings.TrimRight(bytesFrom(0, 32).String(), "="):          false,
		strings.ReplaceAll(bytesFrom(0xf0, 32).String(), "/", "_"): false,
	} {
		s, err := ParseSecret(text)
		require.Equal(t, fine, err == nil, text)
		if fine {
			require.Equal(t, strings.TrimPrefix(text, secretPrefix), strings.TrimPrefix(s.String(), secretPrefix))
		}
	}
	require.NotEqual(t, NewSecret(), NewSecret())
}

func TestWindow(t *testing.T) {
	var w Window
	require.True(t, w.Take("a", nine))
	require.False(t, w.Take("a", nine.Add(Tolerance)))
	require.False(t, w.Take("a", nine.Add(2*Tolerance)))
	require.True(t, w.Take("b", nine))
	w.Forget("b")
	require.True(t, w.Take("b", nine))
	require.True(t, w.Take("c", nine.Add(4*Tolerance)))
	require.Len(t, w.ids, 1, "what its timestamp would refuse is not kept")
}

func TestRetry(t *testing.T) {
	fails := Result{Status: 500, Reason: "it answered 500"}
	var r Retry
	require.True(t, r.Due(nine))
	now, total := nine, []string{}
	for !r.Over {
		r = r.After(fails, now, 0)
		if r.Over {
			break
		}
		require.False(t, r.Due(r.Next.Add(-time.Nanosecond)))
		require.True(t, r.Due(r.Next))
		now = r.Next
		total = append(total, now.Sub(nine).String())
	}
	require.Equal(t, "5s 5m5s 35m5s 2h35m5s 7h35m5s 17h35m5s 31h35m5s 51h35m5s 75h35m5s", strings.Join(total, " "))
	require.Equal(t, Retry{Failures: 10, Since: nine, Status: 500, Reason: "it answered 500", Over: true}, r)
	require.False(t, r.Due(now.Add(time.Hour*1000)))

	require.Equal(t, Retry{}, Retry{Failures: 3, Since: nine}.After(Result{Delivered: true}, nine, 0))
	require.True(t, Retry{}.After(Result{Gone: true, Status: 410}, nine, 0).Over)
	require.Equal(t, nine.Add(6*time.Second), Retry{}.After(fails, nine, 1).Next)
	require.Equal(t, nine.Add(time.Minute), Retry{}.After(Result{Status: 429, After: time.Minute}, nine, 1).Next)
	require.Equal(t, nine.Add(5*time.Second), Retry{}.After(Result{Status: 429, After: time.Second}, nine, 0).Next)
}

func TestJudge(t *testing.T) {
	answer := func(status int, after string) Result {
		return Judge(&http.Response{StatusCode: status, Header: http.Header{"Retry-After": {after}}}, nil, nine)
	}
	require.Equal(t, Result{Delivered: true, Status: 204}, answer(204, "60"))
	require.Equal(t, Result{Gone: true, Status: 410, Reason: "it answered 410"}, answer(410, ""))
	require.Equal(t, Result{Status: 302, Reason: "it answered with a redirect, which is not followed: 302"}, answer(302, ""))
	require.Equal(t, 90*time.Second, answer(503, "90").After)
	require.Equal(t, time.Minute, answer(429, nine.Add(time.Minute).UTC().Format(http.TimeFormat)).After)
	for _, text := range []string{"", "soon", "-1", nine.Add(-time.Minute).UTC().Format(http.TimeFormat)} {
		require.Zero(t, answer(429, text).After, text)
	}
	require.Equal(t, longestWait, answer(503, "99999999").After)
}
