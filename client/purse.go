package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Purse is an offline purse or till as its issuer knows it. What is binary is base64 of the wire forms in docs/purse.md.
type Purse struct {
	ID        string    `json:"id" form:"prs" doc:"The purse's id, which its certificate names."`
	Object    string    `json:"object" enum:"purse" doc:"Always \"purse\"."`
	Owner     string    `json:"owner" form:"owner" doc:"Whose it is."`
	Role      string    `json:"role" enum:"holder|acceptor|load agent|collector" doc:"What it may be: a person's purse, a till, a load agent, a collector."`
	Class     int       `json:"class" doc:"Assurance: 0 software, 1 browser, 2 the system's key store, 3 attested hardware. The limits follow from it."`
	Name      string    `json:"name,omitzero" doc:"What a till shows to payers."`
	State     string    `json:"state" enum:"active|blocked|lost|forked|refunded" doc:"What the issuer makes of it. Forked: it exists twice."`
	Until     time.Time `json:"until" doc:"When its certificate ends. A sync renews it."`
	Records   int64     `json:"records" doc:"How many of its signed records are archived."`
	Network   string    `json:"network" doc:"The network id that every signature covers."`
	Roots     []string  `json:"roots" doc:"The issuer's public keys (x and y, base64): what a device has to be told once."`
	Nonce     string    `json:"nonce" form:"base64" doc:"To be signed in the statement of the next sync; good for ten minutes."`
	Params    string    `json:"params,omitzero" form:"base64" doc:"Right after enrolment, and when it is unlocked: data of the command PARAMS."`
	CreatedAt time.Time `json:"created_at" doc:"When it was enrolled."`
}

// CreatePurse enrols a device. A person's is a holder's purse of class 0, a shop's is a till.
type CreatePurse struct {
	PublicKey  string   `json:"public_key" form:"base64" max:"100" doc:"The device's ES256 public key, x and y, 64 bytes in base64."`
	Currencies []string `json:"currencies" doc:"1 to 4 ISO 4217 codes."`
	Name       string   `json:"name,omitzero" max:"48" doc:"A till's name for payers; the shop's own when left out."`
}

// DeskCommand is one command to the issuer's side of a purse.
type DeskCommand struct {
	Command string `json:"command" form:"base64" max:"8192" doc:"A command's envelope: HELLO, DEBIT and COMPLETE for a load; START and CREDIT PSAM for an unload; REPEAT."`
}

// DeskAnswer is what the desk answered.
type DeskAnswer struct {
	Object string `json:"object" enum:"purse_answer" doc:"Always \"purse_answer\"."`
	Answer string `json:"answer" form:"base64" doc:"The answer's envelope: data and a status word."`
}

// SyncPurse is what a purse tells, or a till at its collection.
type SyncPurse struct {
	Bundle string `json:"bundle" form:"base64" doc:"A signed statement and the records that are not archived yet."`
}

// CollectPurse is a till's file, brought by a collector.
type CollectPurse struct {
	File    string `json:"file" form:"base64" doc:"What the till wrote: the same bundle."`
	Carried string `json:"carried" form:"base64" max:"8192" doc:"The collector's signature that it carried just this file."`
}

// PurseSync is what a purse takes home from a sync.
type PurseSync struct {
	Object   string `json:"object" enum:"purse_sync" doc:"Always \"purse_sync\"."`
	State    string `json:"state" enum:"active|blocked|lost|forked|refunded" doc:"What the issuer makes of the purse now."`
	Archived int64  `json:"archived" doc:"How many of its records are archived; 0 when the bundle was an old one."`
	Params   string `json:"params,omitzero" form:"base64" doc:"Data of the command PARAMS; missing when the bundle was an old one."`
	Clear    string `json:"clear,omitzero" form:"base64" doc:"Data of the command CLEAR, to be given after PARAMS; missing when there is nothing to clear."`
}

// PurseCase is something about a purse that a person decides; operators only.
type PurseCase struct {
	ID        string    `json:"id" form:"pcs" doc:"The case's id."`
	Object    string    `json:"object" enum:"purse_case" doc:"Always \"purse_case\"."`
	Kind      string    `json:"kind" enum:"fork|rollback|late|counterfeit" doc:"What it is about; docs/purse.md explains them."`
	Purse     string    `json:"purse" form:"prs" doc:"The purse that the evidence speaks against; of a late proof, the payee."`
	Value     string    `json:"value" form:"minor" doc:"What it is about, in minor units."`
	Owed      string    `json:"owed" form:"minor" doc:"What the issuer paid to an honest payee because of it, in minor units."`
	Currency  string    `json:"currency,omitzero" doc:"The currency of both; missing where a case is about no value."`
	Outcome   string    `json:"outcome,omitzero" enum:"holder|house|nobody" doc:"Who bears it; missing while the case is open."`
	SettledBy string    `json:"settled_by,omitzero" doc:"Who decided."`
	Reason    string    `json:"reason,omitzero" doc:"Why."`
	OpenedAt  time.Time `json:"opened_at" doc:"When the evidence came."`
	SettledAt time.Time `json:"settled_at,omitzero" doc:"When it was decided."`
}

// SettlePurseCase decides a case.
type SettlePurseCase struct {
	Outcome string `json:"outcome" enum:"holder|house|nobody" doc:"Whose loss it is. Holder or house where money was paid, nobody where none was."`
	Reason  string `json:"reason" max:"500" doc:"Why; kept for ever."`
}

// PurseDecision blocks or restores a purse.
type PurseDecision struct {
	Reason string `json:"reason" max:"500" doc:"Why; kept for ever."`
}

// post is a call that may be sent again: the purse's own numbers make it happen once.
func post[T any](ctx context.Context, c *Client, path string, in any, safe bool, options []Option) (out T, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: path, in: in, out: &out, safe: safe}, options)
	return out, err
}

func pursePath(id, what string) string { return "/v1/purses/" + url.PathEscape(id) + what }

// CreatePurse enrols a device. It is not sent again by itself: a second one would be refused, because a key is one purse.
func (c *Client) CreatePurse(ctx context.Context, in CreatePurse, o ...Option) (Purse, error) {
	return post[Purse](ctx, c, "/v1/purses", in, false, o)
}

// Purses lists the owner's purses, oldest first.
func (c *Client) Purses(ctx context.Context, of string, o ...Option) (List[Purse], error) {
	return get[List[Purse]](ctx, c, "/v1/purses", owner(of), o)
}

// Purse reads a purse, with a nonce for its next sync.
func (c *Client) Purse(ctx context.Context, id string, o ...Option) (Purse, error) {
	return get[Purse](ctx, c, pursePath(id, ""), nil, o)
}

// PurseDesk gives one command to the issuer's side of a purse.
func (c *Client) PurseDesk(ctx context.Context, id string, in DeskCommand, o ...Option) (DeskAnswer, error) {
	return post[DeskAnswer](ctx, c, pursePath(id, "/desk"), in, true, o)
}

// SyncPurse tells the issuer what a purse or till has done.
func (c *Client) SyncPurse(ctx context.Context, id string, in SyncPurse, o ...Option) (PurseSync, error) {
	return post[PurseSync](ctx, c, pursePath(id, "/sync"), in, true, o)
}

// ReportPurseLost freezes a purse. What it holds is refunded when its window is over.
func (c *Client) ReportPurseLost(ctx context.Context, id string, o ...Option) (Purse, error) {
	return post[Purse](ctx, c, pursePath(id, "/lost"), nil, true, o)
}

// UnlockPurse has the issuer open a purse whose code is lost, or was wrong three times: what it answers has the parameters that do.
func (c *Client) UnlockPurse(ctx context.Context, id string, o ...Option) (Purse, error) {
	return post[Purse](ctx, c, pursePath(id, "/unlock"), nil, true, o)
}

// BlockPurse takes a purse out of service; operators only.
func (c *Client) BlockPurse(ctx context.Context, id string, in PurseDecision, o ...Option) (Purse, error) {
	return post[Purse](ctx, c, pursePath(id, "/block"), in, false, o)
}

// RestorePurse lets a blocked purse work again; operators only.
func (c *Client) RestorePurse(ctx context.Context, id string, in PurseDecision, o ...Option) (Purse, error) {
	return post[Purse](ctx, c, pursePath(id, "/restore"), in, false, o)
}

// CollectPurse brings a till's file that a collector carried.
func (c *Client) CollectPurse(ctx context.Context, in CollectPurse, o ...Option) (PurseSync, error) {
	return post[PurseSync](ctx, c, "/v1/purse_collections", in, true, o)
}

// PurseCases lists cases, oldest first; operators only.
func (c *Client) PurseCases(ctx context.Context, p Page, o ...Option) (List[PurseCase], error) {
	return get[List[PurseCase]](ctx, c, "/v1/purse_cases", p.query(), o)
}

// SettlePurseCase decides a case, once and for all; operators only.
func (c *Client) SettlePurseCase(ctx context.Context, id string, in SettlePurseCase, o ...Option) (PurseCase, error) {
	return post[PurseCase](ctx, c, "/v1/purse_cases/"+url.PathEscape(id)+"/settle", in, true, o)
}
