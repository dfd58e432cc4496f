package server

import (
	"maps"
	"net/url"

	"github.com/gin-gonic/gin"
)

// pageParam is the parameter of next links that says where a page begins.
const pageParam = "_page"

// withoutFormat leaves out the parameters that are about how the answer is
// written, not about what it says.
func withoutFormat(query url.Values) url.Values {
	rest := maps.Clone(query)
	delete(rest, "_format")
	delete(rest, "_pretty")
	return rest
}

func cloned(query url.Values) url.Values {
	if query == nil {
		return url.Values{}
	}
	return maps.Clone(query)
}

func withQuery(address string, query url.Values) string {
	if len(query) == 0 {
		return address
	}
	return address + "?" + query.Encode()
}

// sealedFor is what a page token is bound to: the path and the query without
// the token.
func sealedFor(c *gin.Context, query url.Values) []byte {
	rest := cloned(query)
	delete(rest, pageParam)
	return []byte(exchangeOf(c).resourceType + "/" + c.Param("id") + "?" + rest.Encode())
}
