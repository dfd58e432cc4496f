package prescription

import (
	"github.com/pestle-fhir/pestle/fhir"
)

type node = fhir.Node
