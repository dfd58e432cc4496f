package r4

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParametersOfALaterRelease(t *testing.T) {
	for typ, params := range laterParams {
		for _, p := range params {
			concrete := typ
			if typ == "Resource" {
				concrete = "Binary"
			}
			require.Same(t, p, SearchParameter(concrete, p.Code))
			require.Contains(t, p.Base, typ)
			require.Nil(t, SearchParamByURL(p.URL), "%s is in R4 itself", p.Code)
		}
	}
}
