package store_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // Attachment.hash is SHA-1 by R4
	"encoding/base64"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestAttachments: an attachment names a Binary that is there, of the size and hash that it
// states, and nobody deletes what one names.
func TestAttachments(t *testing.T) {
	dir := t.TempDir()
	contents := content.New(content.NewFolder(dir), filepath.Join(dir, "incoming"), content.Options{Key: content.KeyOf([]byte("12345678901234567890123456789012"))})
	db := openDB(t, mem.New(), store.Options{References: true, Contents: contents})
	defer db.Close() //nolint:errcheck // a memory engine
	small, large := []byte("a label"), bytes.Repeat([]byte("a scan "), 40_000)
	hash := func(b []byte) string {
		sum := sha1.Sum(b) //nolint:gosec // as above
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	binary := func(b []byte) *fhir.Resource {
		return parse(t, `{'resourceType':'Binary','contentType':'image/png','data':'%s'}`, base64.StdEncoding.EncodeToString(b))
	}
	commit(t, db, put("s", binary(small)), put("l", binary(large)))
	commit(t, db, put("s", binary(append(small, '!')))) // its second version
	reference := func(attachment string) *fhir.Resource {
		return parse(t, `{'resourceType':'DocumentReference','status':'current','content':[{'attachment':{'contentType':'image/png',%s}}]}`, attachment)
	}
	stated := func(url string, b []byte) string {
		return fmt.Sprintf(`'url':'%s','size':%d,'hash':'%s'`, url, len(b), hash(b))
	}
	for _, url := range []string{"Binary/none", "Binary/none/_history/1", "http://here.test/fhir/Binary/none"} {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(reference(`'url':'` + url + `'`))}, Base: "http://here.test/fhir"})
		require.Equal(t, fhir.Processing, fhir.KindOf(err), url)
		require.ErrorContains(t, err, "leads to nothing", url)
	}
	e := refused(t, db, post(reference(`'url':'Binary/none'`)))
	require.Equal(t, "DocumentReference.content[0].attachment.url", e.Issues[0].Expression)
	for _, other := range []string{"http://elsewhere.test/fhir/Binary/none", "scan.png", "urn:isbn:1", "#b", "/files/Binary/none", "https://files.test/a?of=Binary/none"} {
		commit(t, db, post(reference(`'url':'`+other+`','size':1,'hash':'AAAA'`)))
	}
	for what, wrong := range map[string]string{
		"attachment-size": fmt.Sprintf(`'url':'Binary/l','size':%d`, len(large)+1), "attachment-hash": `'url':'Binary/l','hash':'` + hash(small) + `'`} {
		e := refused(t, db, post(reference(wrong)))
		require.Equal(t, fhir.BusinessRule, e.Kind)
		require.Equal(t, what, e.Issues[0].Rule)
		require.Equal(t, "DocumentReference.content[0].attachment", e.Issues[0].Expression)
	}
	e = refused(t, db, post(reference(stated("Binary/s", small)))) // that of the first version
	require.Len(t, e.Issues, 2, "all at once")
	e = refused(t, db, full("", 4, post(reference(stated("Binary/s/_history/2", small)))))
	require.Equal(t, "Bundle.entry[4].resource.content[0].attachment", e.Issues[0].Expression)
	commit(t, db, put("first", reference(stated("Binary/s/_history/1", small))), put("large", reference(stated("Binary/l", large))))
	// In one transaction, by its full URL, and in another type; what is wrong is refused with the Binary.
	const urn = "urn:uuid:6f1e1bb6-0f6c-4d0c-9b3b-1f0a2b3c4d5e"
	both := func(b []byte) []fhir.Change {
		return []fhir.Change{full(urn, 0, post(binary(large))), full("", 1, post(reference(stated(urn, b))))}
	}
	_ = refused(t, db, both(small)...)
	commit(t, db, both(large)...)
	commit(t, db, put("c", parse(t, `{'resourceType':'Communication','status':'completed','payload':[{'contentAttachment':{'url':'Binary/l','hash':'%s'}}]}`, hash(large))))
	commit(t, db, put("p", parse(t, `{'resourceType':'Patient','photo':[{'url':'Binar\u0079\/l'}]}`)))
	// Nobody deletes what is named, or undoes the naming by an update of the Binary.
	for _, by := range []string{"Communication/c", "DocumentReference/large", "Patient/p"} {
		e = refused(t, db, deletion("Binary", "l"))
		require.Equal(t, fhir.Conflict, e.Kind)
		require.Contains(t, e.Issues[0].Found, by)
	}
	require.Contains(t, refused(t, db, deletion("Binary", "s")).Issues[0].Found, "DocumentReference/first")
	commit(t, db, put("l", binary(small)))
	commit(t, db, deletion("Communication", "c"), deletion("Patient", "p"), put("large", reference(`'url':'Binary/s'`)))
	commit(t, db, deletion("Binary", "l"))
	commit(t, db, deletion("Binary", "s"), deletion("DocumentReference", "first"), deletion("DocumentReference", "large"))
	// A Bundle is kept as it came.
	commit(t, db, post(parse(t, `{'resourceType':'Bundle','type':'collection','entry':[{'resource':{'resourceType':'DocumentReference','status':'current','content':[{'attachment':{'url':'Binary/none','size':3}}]}}]}`)))
	found, err := db.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, found.Wrong)
}
