package fhir

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReceiptHoldsTheReply(t *testing.T) {
	call := &Call{Receipt: Receipt{Key: "k", Body: []byte("digest")}}
	reply := &Reply{Resource: Obj("resourceType", "Claim", "id", "1").Resource(), Location: "Claim/1/_history/1", Refused: true}

	receipt := call.Answer(reply)
	require.Equal(t, "k", receipt.Key)
	require.Equal(t, "digest", RequestOf(receipt))

	again, err := ReplyOf(receipt)
	require.NoError(t, err)
	require.Equal(t, reply.Location, again.Location)
	require.True(t, again.Refused)
	require.Equal(t, reply.Resource.JSON(), again.Resource.JSON())
}

func TestReceiptOfABareResource(t *testing.T) {
	reply, err := ReplyOf(Receipt{Key: "k", Body: []byte(`{"resourceType":"Bundle"}`)})
	require.NoError(t, err)
	require.Equal(t, "Bundle", reply.Resource.Type())
	require.Empty(t, RequestOf(Receipt{Key: "k", Body: []byte("digest")}))
}

func TestNoKeyNoReceipt(t *testing.T) {
	require.Empty(t, new(Call).Answer(&Reply{}))
}
