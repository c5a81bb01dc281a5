package purse

import (
	"billfold/base/db"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// clearance lets a module forget its exception log, if what its statement names is exactly what was archived since it was cleared last.
func (s *Issuer) clearance(tx *db.Tx, m *Module, said *proto.Statement) ([]byte, error) {
	if said.Exceptions == (proto.Hash{}) || said.Open != nil {
		return nil, nil // nothing to clear, or the module is not idle and would refuse
	}
	var since int64
	if err := tx.Row(selectCleared, m.ID.String(), int64(proto.Cleared)).Scan(&since); err != nil {
		return nil, err
	}
	bodies, err := db.All(tx, scanBytes, selectGivenUp, m.ID.String(), int64(proto.Aborted), since)
	if err != nil {
		return nil, err
	}
	var set []proto.Exception
	for _, raw := range bodies {
		var r proto.Record
		if _, ok := proto.Open(raw, &r); !ok || r.Transfer == nil {
			return nil, errRow
		}
		set = append(set, proto.Exception{Module: r.Module, Side: r.Side, Transfer: *r.Transfer})
	}
	archived := func(e proto.Exception) bool {
		for _, one := range set {
			if one.Side == e.Side && one.Transfer.Same(e.Transfer) {
				return true
			}
		}
		return false
	}
	if proto.HashSet(set) != said.Exceptions || !step.Clearable(m.ID, set, archived) {
		return nil, nil
	}
	signed, err := proto.Sign(s.root, s.o.Network, proto.Clear{Module: m.ID, Set: proto.HashSet(set)})
	return signed.Encode(), err
}
