package mem_test

import (
	"testing"

	"github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/logtest"
	"github.com/pestle-fhir/pestle/store/log/mem"
)

func TestLog(t *testing.T) {
	logtest.Test(t, func(*testing.T) log.Log { return mem.New() })
}
