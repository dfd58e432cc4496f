output "address" {
  description = "Where the DNS record of the host has to lead"
  value       = digitalocean_droplet.server.ipv4_address
}

output "url" {
  description = "FHIR base"
  value       = "https://${var.host}/fhir"
}
