package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Counter is a figure that another part of the program keeps, such as the
// number of commits. It is read when /metrics is.
type Counter struct {
	Name, Help string // "pestle_commits_total"
	Value      func() float64
	Gauge      bool // it may fall; others only grow

	Label  string                    // of a gauge with several values, such as "resource"; then Value is nil
	Values func() map[string]float64 // by the value of the label
}

// labelled collects a gauge with a label.
type labelled struct {
	desc   *prometheus.Desc
	values func() map[string]float64
}

func newLabelled(c Counter) labelled {
	return labelled{prometheus.NewDesc(c.Name, c.Help, []string{c.Label}, nil), c.Values}
}

// Describe says what Collect collects.
func (l labelled) Describe(to chan<- *prometheus.Desc) { to <- l.desc }

// Collect reads the values.
func (l labelled) Collect(to chan<- prometheus.Metric) {
	for label, value := range l.values() {
		to <- prometheus.MustNewConstMetric(l.desc, prometheus.GaugeValue, value, label)
	}
}

// metrics are the figures of one server, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
	inFlight prometheus.Gauge
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
	m.registry.MustRegister(m.took, m.inFlight, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range counters {
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
