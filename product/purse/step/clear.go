package step

import "billfold/product/purse/proto"

// Clearable tells whether the issuer may let a module forget a set of exceptions: it is not empty, all of it is the module's, and the
// archive has every one. A transfer that only a log remembers would be gone with it.
func Clearable(module proto.ID, set []proto.Exception, archived func(proto.Exception) bool) bool {
	for _, e := range set {
		if e.Module != module || !archived(e) {
			return false
		}
	}
	return len(set) > 0
}
