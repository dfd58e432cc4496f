package search

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// near finds Locations by where they are: latitude|longitude|distance|units in degrees
// (WGS 84) and, by default, kilometres; without a distance, within 10 km.
// https://hl7.org/fhir/R4/location.html#search
//
// A key is the latitude and the longitude, each as 4 bytes that sort as it does, in ten
// millionths of a degree, which are a centimetre. A search walks the rows between two
// latitudes, and measures the distance to each.
const near = "near"

// nearPath is where positions are: R4 has no expression for the parameter.
const nearPath = "Location.position"

// nearWriters are the writers of the parameter.
var nearWriters = map[string]writer{"Location.position": writePosition}

// defaultNear is the distance in metres where none is given.
const defaultNear = 10_000

// lengths are the units of distances, in metres.
var lengths = map[string]float64{"": 1000, "km": 1000, "m": 1, "[mi_i]": 1609.344, "mi": 1609.344, "[nmi_i]": 1852, "[ft_i]": 0.3048}

const describeNear = "latitude|longitude, or latitude|longitude|distance|units with km, m, [mi_i], [nmi_i] or [ft_i], such as 53.8|-1.55|5|km"

// earth is the mean radius of the Earth in metres.
const earth = 6_371_008.8

// position is a place in degrees.
type position struct{ latitude, longitude float64 }

// readPosition is false for what is no place on Earth.
func readPosition(latitude, longitude string) (p position, ok bool) {
	var wrong [2]error
	p.latitude, wrong[0] = strconv.ParseFloat(latitude, 64)
	p.longitude, wrong[1] = strconv.ParseFloat(longitude, 64)
	return p, wrong[0] == nil && wrong[1] == nil && math.Abs(p.latitude) <= 90 && math.Abs(p.longitude) <= 180
}

const perDegree = 1e7

func appendDegrees(b []byte, degrees, from float64) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(math.Round((degrees+from)*perDegree)))
}

func (p position) key(b []byte) []byte {
	return appendDegrees(appendDegrees(b, p.latitude, 90), p.longitude, 180)
}

func positionOf(key []byte) position {
	return position{float64(binary.BigEndian.Uint32(key))/perDegree - 90, float64(binary.BigEndian.Uint32(key[4:]))/perDegree - 180}
}

// distance is that along a great circle, in metres.
func (p position) distance(to position) float64 {
	rad := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	half := func(degrees float64) float64 { s := math.Sin(rad(degrees) / 2); return s * s }
	h := half(to.latitude-p.latitude) + math.Cos(rad(p.latitude))*math.Cos(rad(to.latitude))*half(to.longitude-p.longitude)
	return 2 * earth * math.Asin(math.Min(1, math.Sqrt(h)))
}

func writePosition(s *sink, names *names, n fhir.Node) {
	p, ok := readPosition(n.Get("latitude").Text(), n.Get("longitude").Text())
	if !ok {
		return
	}
	start := len(s.buf)
	s.buf = p.key(s.buf)
	s.take(names.code, start)
}

// near reads a place and how far around it.
func (v reading) near(value string) ([]Range, string) {
	parts := strings.Split(value, "|")
	if len(parts) < 2 || len(parts) > 4 {
		return nil, describeNear
	}
	at, ok := readPosition(parts[0], parts[1])
	within := float64(defaultNear)
	if ok && len(parts) > 2 && parts[2] != "" {
		n, err := strconv.ParseFloat(parts[2], 64)
		unit, known := lengths[strings.Join(parts[3:], "")]
		within, ok = n*unit, err == nil && known && n >= 0 && !math.IsInf(n, 0)
	}
	if !ok {
		return nil, describeNear
	}
	degrees := within/earth*180/math.Pi + 2/perDegree
	out := Range{Lo: appendDegrees(nil, max(-90, at.latitude-degrees), 90), Hi: after(appendDegrees(nil, min(90, at.latitude+degrees), 90))}
	out.Match = func(key []byte) bool { return len(key) == 8 && at.distance(positionOf(key)) <= within }
	return []Range{out}, ""
}
