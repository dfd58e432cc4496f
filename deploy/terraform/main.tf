# One server for one pharmacy: a machine in London with a disk of its own for the data,
# a firewall, and a proxy that gets certificates. tofu init && tofu apply.
terraform {
  required_version = ">= 1.6"
  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.0"
    }
  }
}

locals {
  tags = ["pestle", var.environment]
}

resource "digitalocean_volume" "data" {
  name                     = "pestle-${var.environment}"
  region                   = var.region
  size                     = var.data_gb
  initial_filesystem_type  = "ext4"
  initial_filesystem_label = "pestle"
  tags                     = local.tags

  lifecycle {
    prevent_destroy = true # records of controlled drugs are kept for years
  }
}

resource "digitalocean_droplet" "server" {
  name       = "pestle-${var.environment}"
  region     = var.region
  size       = var.size
  image      = "debian-12-x64"
  ssh_keys   = var.ssh_keys
  monitoring = true
  ipv6       = true
  volume_ids = [digitalocean_volume.data.id]
  tags       = local.tags
  user_data = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    host           = var.host
    site           = var.site
    site_name      = var.site_name
    package_url    = var.package_url
    package_sha256 = var.package_sha256
  })
}

resource "digitalocean_firewall" "server" {
  name        = "pestle-${var.environment}"
  droplet_ids = [digitalocean_droplet.server.id]

  inbound_rule {
    protocol         = "tcp"
    port_range       = "443"
    source_addresses = var.clients
  }
  inbound_rule { # for the certificate
    protocol         = "tcp"
    port_range       = "80"
    source_addresses = ["0.0.0.0/0", "::/0"]
  }
  inbound_rule {
    protocol         = "tcp"
    port_range       = "22"
    source_addresses = var.administrators
  }
  outbound_rule {
    protocol              = "tcp"
    port_range            = "1-65535"
    destination_addresses = ["0.0.0.0/0", "::/0"]
  }
  outbound_rule {
    protocol              = "udp"
    port_range            = "1-65535"
    destination_addresses = ["0.0.0.0/0", "::/0"]
  }
}
