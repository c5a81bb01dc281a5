package purse

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"billfold/base/clock"
	"billfold/base/money"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

// purse is one folder, opened.
type purse struct {
	*store.Module
	folder *folder
	facts  facts
	key    proto.PrivateKey
	env    step.Env
	clock  clock.Clock
}

// facts are what a purse does not forget and does not change: they lie beside its store, with its key.
type facts struct {
	ID      string   `json:"id"`
	Network string   `json:"network"`
	Roots   []string `json:"roots"`
	Role    string   `json:"role"`
	Key     string   `json:"key"` // secret: whoever reads it can make another purse of it
}

const factsName = "purse.json"

// create makes a purse in a folder that holds none. The facts are written last: a folder without them is no purse.
func create(path string, f facts, state step.State) (*purse, error) {
	dir, err := openFolder(path, true)
	if err != nil {
		return nil, err
	}
	if _, err := dir.Read(factsName); !dir.Missing(err) {
		dir.close()
		return nil, errors.New(path + " holds a purse already")
	}
	if _, err := store.Create(dir, state); err != nil {
		dir.close()
		return nil, fmt.Errorf("%w: no purse was made; make room, and give the same command again", err)
	}
	body, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		err = errors.Join(dir.Write(factsName, 0, append(body, '\n')), dir.Sync(factsName), dir.SyncFolder())
	}
	dir.close()
	if err != nil {
		return nil, fmt.Errorf("%w: no purse was made; make room, and give the same command again", err)
	}
	return open(path, clock.System())
}

// open opens the purse in a folder.
func open(path string, now clock.Clock) (*purse, error) {
	if _, err := os.Stat(filepath.Join(path, factsName)); err != nil {
		return nil, fmt.Errorf("there is no purse in %s: make one with `billfold purse new`", path)
	}
	dir, err := openFolder(path, false)
	if err != nil {
		return nil, usable(path, err)
	}
	p := &purse{folder: dir, clock: now}
	if err := p.read(); err != nil {
		dir.close()
		return nil, usable(path, err)
	}
	return p, nil
}

// usable says what a folder has to be where it is not.
func usable(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("the purse in %s cannot be used: folder and files have to be yours to read and write", path)
	}
	return fmt.Errorf("the purse in %s: %w", path, err)
}

func (p *purse) read() error {
	body, err := p.folder.Read(factsName)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &p.facts); err != nil {
		return store.ErrDamaged
	}
	secret, err := hex.DecodeString(p.facts.Key)
	if err != nil {
		return store.ErrDamaged
	}
	if p.key, err = proto.ParsePrivateKey(secret); err != nil {
		return store.ErrDamaged
	}
	p.env = step.Env{Network: p.facts.Network, Signer: p.key}
	for _, text := range p.facts.Roots {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != len(proto.Key{}) {
			return store.ErrDamaged
		}
		p.env.Roots = append(p.env.Roots, proto.Root{Key: proto.Key(raw)})
	}
	file, err := store.OpenFile(p.folder)
	if err != nil {
		return err
	}
	p.Module, err = store.Open(file)
	return err
}

func (p *purse) close() { p.folder.close() }

// give gives the purse one command. What comes back can be sent.
func (p *purse) give(ins proto.Instruction, data []byte) store.Sealed {
	env := p.env
	env.Now = p.clock.Now().Unix()
	return p.Do(proto.Command{INS: ins, Data: data}, env)
}

// ask gives the purse a command whose answer stays here.
func (p *purse) ask(ins proto.Instruction, data []byte) ([]byte, error) {
	return answerOf(p.give(ins, data))
}

func answerOf(s store.Sealed) ([]byte, error) { return dataOf(s.Envelope()) }

func dataOf(envelope []byte) ([]byte, error) {
	data, sw, ok := proto.ParseResponse(envelope)
	if !ok {
		return nil, errUnreadable
	}
	if sw != proto.OK {
		return nil, refused(sw)
	}
	return data, nil
}

var errUnreadable = errors.New("what came cannot be read: it was cut, changed, or is meant for something else")

// currency is a slot's currency, with the scale that the certificate gives.
func (p *purse) currency(code string) (money.Currency, error) {
	var c proto.Certificate
	if _, ok := proto.Open(p.State().Certificate, &c); !ok || len(c.Terms) == 0 {
		return money.Currency{}, errors.New("the purse is not certified yet")
	}
	if code == "" {
		code = c.Terms[0].Currency
	}
	t, ok := c.In(code)
	if !ok {
		return money.Currency{}, fmt.Errorf("the purse holds no %s", code)
	}
	return money.NewCurrency(t.Currency, t.Scale)
}

// amount reads what a person types.
func (p *purse) amount(text, code string) (money.Amount, error) {
	c, err := p.currency(code)
	if err != nil {
		return money.Amount{}, err
	}
	return typed(text, c)
}

// amountOf is the value of a transfer of this purse, in words.
func (p *purse) amountOf(t proto.Transfer) string {
	c, err := p.currency(t.Currency)
	if err != nil {
		return fmt.Sprintf("%d %s", t.Value, t.Currency)
	}
	return c.Of(t.Value).String()
}
