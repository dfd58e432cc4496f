package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
)

type node = fhir.Node
