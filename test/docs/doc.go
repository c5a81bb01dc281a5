// Package docs holds no code: its tests compare what the documents say with what the program says.
package docs
