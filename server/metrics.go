package server

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pestle-fhir/pestle/fhir"
)

// Counter is a figure that another part of the program keeps, such as the
// number of commits. It is read when /metrics is.
type Counter struct {
	Name, Help string // "pestle_commits_total"
	Value      func() float64
	Gauge      bool // it may fall; others only grow

	Label  string                    // of a figure with several values, such as "resource"; then Value is nil
	Values func() map[string]float64 // by the value of the label

	// Distribution is a histogram: how many values there were, their sum, and how many were up to
	// each bound. Value is nil then.
	Distribution func() (count uint64, sum float64, upTo map[float64]uint64)
}

// labelled collects a figure with a label.
type labelled struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	values func() map[string]float64
}

func newLabelled(c Counter) labelled {
	kind := prometheus.CounterValue
	if c.Gauge {
		kind = prometheus.GaugeValue
	}
	return labelled{prometheus.NewDesc(c.Name, c.Help, []string{c.Label}, nil), kind, c.Values}
}

// distribution collects a histogram.
type distribution struct {
	desc *prometheus.Desc
	read func() (uint64, float64, map[float64]uint64)
}

// Describe says what Collect collects.
func (d distribution) Describe(to chan<- *prometheus.Desc) { to <- d.desc }

// Collect reads the values.
func (d distribution) Collect(to chan<- prometheus.Metric) {
	count, sum, upTo := d.read()
	to <- prometheus.MustNewConstHistogram(d.desc, count, sum, upTo)
}

// Describe says what Collect collects.
func (l labelled) Describe(to chan<- *prometheus.Desc) { to <- l.desc }

// Collect reads the values.
func (l labelled) Collect(to chan<- prometheus.Metric) {
	for label, value := range l.values() {
		to <- prometheus.MustNewConstMetric(l.desc, l.kind, value, label)
	}
}

// metrics are the figures of one server, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
	inFlight prometheus.Gauge
	refusals *prometheus.CounterVec
	rules    sync.Map // those that have been counted
	distinct atomic.Int64
}

func newMetrics(counters []Counter) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pestle_request_duration_seconds", Help: "Time from the first byte read to the last one written.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"interaction", "type", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "pestle_requests_in_flight", Help: "Requests that are being answered.",
		}),
	}
	m.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pestle_refusals_total", Help: "Errors that clients were told of, by the rule that they are about; none for errors about no rule.",
	}, []string{"rule"})
	m.registry.MustRegister(m.took, m.inFlight, m.refusals, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range counters {
		if c.Distribution != nil {
			m.registry.MustRegister(distribution{prometheus.NewDesc(c.Name, c.Help, nil, nil), c.Distribution})
			continue
		}
		if c.Label != "" {
			m.registry.MustRegister(newLabelled(c))
			continue
		}
		if c.Gauge {
			m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: c.Name, Help: c.Help}, c.Value))
			continue
		}
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.Name, Help: c.Help}, c.Value))
	}
	return m
}

func (m *metrics) observe(x *exchange, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	m.took.WithLabelValues(x.interaction, x.resourceType, strconv.Itoa(status)).Observe(took.Seconds())
}

// mostRules bounds how many rules are counted apart: clients can store profiles with
// rules of their own.
const mostRules = 1000

// refused counts the errors among issues.
func (m *metrics) refused(issues []fhir.Issue) {
	for _, i := range issues {
		if i.Severity != fhir.Err && i.Severity != fhir.Fatal && i.Severity != "" {
			continue
		}
		rule := cmp.Or(i.Rule, "none")
		if strings.HasPrefix(rule, incidentRule) {
			rule = "incident"
		}
		if _, known := m.rules.Load(rule); !known {
			if m.distinct.Load() >= mostRules {
				rule = "other"
			} else if _, known := m.rules.LoadOrStore(rule, true); !known {
				m.distinct.Add(1)
			}
		}
		m.refusals.WithLabelValues(rule).Inc()
	}
}

const metricsPath = "/metrics"

// figures serves the figures to callers with the scope system/$metrics.
func (s *Server) figures(w http.ResponseWriter, r *http.Request) {
	exchangeIn(r.Context()).interaction = "metrics"
	if s.granted(w, r, "$metrics", "The figures") {
		s.metrics.handler().ServeHTTP(w, r)
	}
}

// granted reports whether the caller has the scope of an operation, for an address
// outside FHIR; if not, it has answered.
func (s *Server) granted(w http.ResponseWriter, r *http.Request, operation, what string) bool {
	a := s.config.Authenticator
	if a == nil {
		return true
	}
	caller, err := a.Authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", a.Challenge(err))
		http.Error(w, what+": an access token is needed.", http.StatusUnauthorized)
		return false
	}
	exchangeIn(r.Context()).identity = caller
	if !caller.MayInvoke(operation, "") {
		http.Error(w, what+": the scope system/"+operation+" is needed.", http.StatusForbidden)
		return false
	}
	return true
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
