package ledger

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// receiptKey is what receipts are sealed with: it follows from the key of the log,
// so that a receipt is opened by whoever has that, at any later time.
func (k *Key) receiptKey() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, k.seed, nil, "pestle receipt", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Receipt is what the sender of a write keeps: it seals the commit, so that it
// tells them nothing of what else the server does.
func (l *Log) Receipt(seq fhir.Seq) string {
	aead, err := l.signer.key.receiptKey()
	if err != nil {
		return "" // the key has 32 bytes
	}
	sealed := aead.Seal(nil, nil, binary.BigEndian.AppendUint64(nil, uint64(seq)), []byte(l.signer.key.Name()))
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// OpenReceipt says what a receipt is of, as Parameters: the commit, its time, and
// its versions with their indexes in the log.
func (l *Log) OpenReceipt(ctx context.Context, receipt string) (*fhir.Resource, error) {
	seq, err := l.openReceipt(receipt)
	if err != nil {
		return nil, fhir.E("receipt", fhir.Invalid, fhir.Issue{Code: fhir.ValueCode, Expression: "receipt", Message: "This is not a receipt of this server.", Expected: "the value of a header Pestle-Receipt", Found: receipt})
	}
	list := []any{fhir.Obj("name", "commit", "valueString", fmt.Sprint(seq))}
	err = l.source.Commit(ctx, seq, func(r Row) error {
		e := r.entry()
		list = append(list, fhir.Obj("name", "version", "part", fhir.List(
			fhir.Obj("name", "index", "valueString", fmt.Sprint(e.Index)),
			fhir.Obj("name", "address", "valueString", e.address()))))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return parameters(list...)
}

func (l *Log) openReceipt(receipt string) (fhir.Seq, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(receipt)
	if err != nil {
		return 0, err
	}
	aead, err := l.signer.key.receiptKey()
	if err != nil {
		return 0, err
	}
	plain, err := aead.Open(nil, nil, sealed, []byte(l.signer.key.Name()))
	if err != nil || len(plain) != 8 {
		return 0, errors.Join(err, errors.New("ledger: the receipt is not one"))
	}
	return fhir.Seq(binary.BigEndian.Uint64(plain)), nil
}
