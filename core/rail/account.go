package rail

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/seal"
)

// AccountID names a bank account that somebody linked: ins_ and 26 characters.
type AccountID string

// Account is a bank account of a person, to which money may leave. Its number and holder are sealed with the person's key; what
// pages and approvals show is Shown, the country and the last four characters. It never changes: another number is another account.
type Account struct {
	ID        AccountID
	Owner     string
	Shown     string
	CreatedAt time.Time
}

const holderMost = 70 // bytes, as in a SEPA message

// Book keeps people's bank accounts. It is safe for concurrent use.
type Book struct {
	DB    *db.DB
	Clock clock.Clock
	Keys  *seal.Keyring
	IDs   *id.Minter
}

// Link adds a bank account for an owner, or finds the same number again. Faults: bank_account, bank_holder.
func (b *Book) Link(ctx context.Context, owner, holder, iban string) (Account, error) {
	number, err := ParseIBAN(iban)
	if err != nil {
		return Account{}, err
	}
	holder = strings.TrimSpace(holder)
	if holder == "" || len(holder) > holderMost || !utf8.ValidString(holder) || strings.ContainsFunc(holder, func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r)
	}) {
		return Account{}, ErrHolder.With("holder")
	}
	a := Account{ID: AccountID(b.IDs.New("ins")), Owner: owner, Shown: MaskIBAN(number), CreatedAt: b.Clock.Now()}
	mac := b.Keys.Mac("rail/account", []byte(owner+"\x00"+number))
	sealed, err := b.Keys.Seal(owner, ibanRow(a.ID), []byte(number))
	if err != nil {
		return Account{}, err
	}
	name, err := b.Keys.Seal(owner, holderRow(a.ID), []byte(holder))
	if err != nil {
		return Account{}, err
	}
	return db.Write(ctx, b.DB, func(tx *db.Tx) (Account, error) {
		mark := hex.EncodeToString(mac[:16])
		if _, err := tx.Exec(insertAccount, string(a.ID), owner, mark, sealed, name, a.Shown, clock.Micros(a.CreatedAt)); err != nil {
			return Account{}, err
		}
		return db.One(tx, scanAccount, selectMarked, owner, mark)
	})
}

// List shows an owner's accounts, newest first.
func (b *Book) List(ctx context.Context, owner string) ([]Account, error) {
	return db.Read(ctx, b.DB, func(tx *db.Tx) ([]Account, error) { return db.All(tx, scanAccount, selectAccounts, owner) })
}

// Get finds an account of an owner; somebody else's is not_found.
func (b *Book) Get(tx *db.Tx, owner string, account AccountID) (Account, error) {
	a, err := b.Find(tx, account)
	if err == nil && a.Owner != owner {
		return Account{}, fault.ErrNotFound
	}
	return a, err
}

// Find finds an account whoever owns it: for the payments that name it.
func (b *Book) Find(tx *db.Tx, account AccountID) (Account, error) {
	if !id.Valid(string(account), "ins") {
		return Account{}, fault.ErrNotFound
	}
	a, err := db.One(tx, scanAccount, selectAccount, string(account))
	if errors.Is(err, db.ErrNoRow) {
		return Account{}, fault.ErrNotFound
	}
	return a, err
}

// Open reads the number and the holder for the one who has to know them: the bank that is asked to pay.
func (b *Book) Open(tx *db.Tx, account AccountID) (iban, holder string, err error) {
	row, err := db.One(tx, scanSealed, selectSealed, string(account))
	if err != nil {
		return "", "", err
	}
	number, err := b.Keys.Open(row.owner, ibanRow(account), row.iban)
	if err != nil {
		return "", "", err
	}
	name, err := b.Keys.Open(row.owner, holderRow(account), row.holder)
	return string(number), string(name), err
}

func ibanRow(a AccountID) string   { return "rail_account.iban/" + string(a) }
func holderRow(a AccountID) string { return "rail_account.holder/" + string(a) }
