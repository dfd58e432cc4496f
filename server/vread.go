package server

import "github.com/gin-gonic/gin"

// vread gives one version of a resource: https://hl7.org/fhir/R4/http.html#vread
func (s *Server) vread(c *gin.Context) error {
	v, err := s.config.Repository.VRead(c.Request.Context(), c.Param("type"), c.Param("id"), c.Param("vid"))
	if err != nil {
		return err
	}
	return s.sendCurrent(c, v)
}
